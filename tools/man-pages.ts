import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describeEntropyMap } from '../src/cli/entropy-map.ts';
import { backuplensProgram } from '../src/cli/program.ts';
import { programVersion } from '../src/config/start/index.ts';

/**
 * Manual pages, from what --help prints: `node tools/man-pages.ts FOLDER` writes one a program and one a command of
 * backuplens. The build puts them into dist/man/man1.
 */
const SERVICES: Readonly<Record<string, string>> = {
  'backuplens-pipeline': 'services/pipeline/main.ts',
  'yara-scanner': 'services/yara-scanner/main.ts',
  'clamav-updater': 'services/clamav-updater/main.ts',
};
/** What the services are, for the line that `apropos` searches. */
const SERVICE_SUMMARY: Readonly<Record<string, string>> = {
  'backuplens-pipeline': 'watches a folder, and quarantines, holds or releases what arrives',
  'yara-scanner': 'scans files and uploads with YARA rules, over HTTP',
  'clamav-updater': "updates ClamAV's signature database when asked to, over HTTP",
};

const root = join(import.meta.dirname, '..');
const [folder = join(root, 'dist/man/man1')] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const nothing = async (): Promise<void> => undefined;
const silent = { out: () => undefined, err: () => undefined, escape: String, folders: never };
for (const [page, text] of [
  ...pagesOf(backuplensProgram(silent, nothing, never)),
  ...pagesOf(describeEntropyMap(new Command('entropy-map'), 'entropy-map', nothing)),
  ...Object.keys(SERVICES).map((name) => [name, servicePage(name)] as const),
]) {
  writeFileSync(join(folder, `${page}.1`), text);
}

/** A page for the command, and one for each below it: `backuplens-rules-check` is `backuplens rules check`. */
function pagesOf(command: Command, above: readonly string[] = []): readonly (readonly [string, string])[] {
  const path = [...above, command.name()];
  const below = command.commands.filter((one) => one.name() !== 'help');
  return [[path.join('-'), commandPage(command, path, below)], ...below.flatMap((one) => pagesOf(one, path))];
}

function commandPage(command: Command, path: readonly string[], below: readonly Command[]): string {
  const help = command.createHelp();
  const usage = help.commandUsage(command);
  const entries = (rows: readonly (readonly [string, string])[]): string =>
    rows.map(([term, text]) => `.TP\n${bold(term)}\n${roff(text)}\n`).join('');
  return [
    heading(path.join('-'), summaryOf(command)),
    section('SYNOPSIS', `${bold(usage)}\n`),
    section('DESCRIPTION', `${roff(command.description() || summaryOf(command))}\n`),
    section(
      'ARGUMENTS',
      entries(help.visibleArguments(command).map((one) => [one.name(), help.argumentDescription(one)])),
    ),
    section(
      'COMMANDS',
      entries(below.map((one) => [one.name(), `${summaryOf(one)}: ${[...path, one.name()].join('-')}(1)`])),
    ),
    section(
      'OPTIONS',
      entries(help.visibleOptions(command).map((one) => [one.flags, help.optionDescription(one)])),
    ),
    section('NOTES', asWritten(textAfterHelp(command))),
    section('SEE ALSO', path.length === 1 ? '' : `${bold(path.slice(0, -1).join('-'))}(1)\n`),
  ].join('');
}

function section(title: string, body: string): string {
  return body === '' ? '' : `.SH ${title}\n${body}`;
}

function servicePage(name: string): string {
  const program = join(root, 'src', SERVICES[name] ?? '');
  const help = execFileSync(process.execPath, [program, '--help'], { encoding: 'utf8' });
  const usage = /^Usage: (.*(?:\n {7}.*)*)\n/.exec(help);
  return [
    heading(name, SERVICE_SUMMARY[name] ?? ''),
    `.SH SYNOPSIS\n${asWritten(usage?.[1]?.replaceAll(/^ {7}/gm, '') ?? name)}`,
    `.SH DESCRIPTION\n${asWritten(help.slice(usage?.[0].length ?? 0))}`,
  ].join('');
}

function heading(page: string, summary: string): string {
  return `.TH ${page.toUpperCase()} 1 "" "BackupLens ${programVersion()}" "BackupLens"\n.SH NAME\n${roff(page)} \\- ${roff(summary)}\n`;
}

function summaryOf(command: Command): string {
  return command.summary() || command.description();
}

/** What stands below the options in --help: examples, exit codes. */
function textAfterHelp(command: Command): string {
  let shown = '';
  const output = command.configureOutput();
  command.configureOutput({ ...output, writeOut: (text) => (shown += text) });
  command.outputHelp();
  command.configureOutput(output);
  return shown.slice(command.helpInformation().length);
}

/** Lines as they are, none filled. */
function asWritten(text: string): string {
  const lines = text.trim();
  return lines === '' ? '' : `.nf\n${lines.split('\n').map(roff).join('\n')}\n.fi\n`;
}

function bold(text: string): string {
  return `\\fB${roff(text)}\\fR`;
}

/** A dot or an apostrophe at the start of a line would be a request; a bare hyphen would be typeset. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}

function never(): never {
  throw new Error('a manual page needs no configuration');
}
