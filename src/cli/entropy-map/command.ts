import { open, stat } from 'node:fs/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { BackupLensError, ENTROPY_THRESHOLD, inWords } from '../../domain/index.ts';
import { Identifier } from '../../identify/index.ts';
import { Sink } from '../../report/index.ts';
import { Progress } from '../progress.ts';
import type { CommonOptions, Run } from '../run.ts';
import type { Tty } from '../tty.ts';
import { analyzeFile, type EntropyMap } from './analyze-file.ts';
import { asJson, errorAsJson } from './json.ts';
import { asSvg } from './svg.ts';
import { asText } from './text.ts';

interface EntropyOptions extends CommonOptions {
  readonly json?: boolean;
  readonly svg?: string;
  readonly threshold: number;
}

const DONE = 0;
/** A file could not be analyzed; the others were. */
const WRONG = 1;

const EXIT_CODES = `
Exit codes:
  0  every file was analyzed
  1  a file could not be analyzed; the others were
  2  wrong usage, or the output could not be written
`;

/** Describes the tool to commander: as a program of its own, and as \`backuplens entropy\`. */
export function describeEntropyMap(command: Command, name: string, run: Run): Command {
  return command
    .summary('show how entropy is distributed in files')
    .description(
      'Measures Shannon entropy line by line in text and in blocks of 1,024 bytes in everything else: how it is distributed, how it runs along the file, which threshold fits, and how much lies above that of the scan. Works in constant memory.',
    )
    .argument('<file...>', 'files to analyze')
    .option('--json', 'as JSON: an object for one file, a list for several')
    .option('--svg <picture>', 'also draw the entropy along the file; with one file only')
    .option('--threshold <bits>', 'count what lies above it, 0 to 8', bits, ENTROPY_THRESHOLD)
    .option('--quiet', 'no progress bar')
    .addHelpText(
      'after',
      `
Examples:
  ${name} incoming/sample.txt incoming/binary.dat
  ${name} --json config/scoring.yaml | jq .statistics
  ${name} --svg map.svg disk.img
${EXIT_CODES}`,
    )
    .action(async (files: string[], options: EntropyOptions) =>
      run(options, (tty) => entropyMap(files, options, tty)),
    );
}

function bits(text: string): number {
  const value = Number(text);
  if (!/^\d+(?:\.\d+)?$/.test(text) || value > 8)
    throw new InvalidArgumentError('expected bits per byte from 0 to 8');
  return value;
}

async function entropyMap(files: readonly string[], options: EntropyOptions, tty: Tty): Promise<number> {
  const { svg, json } = options;
  if (svg !== undefined && files.length > 1) {
    throw new BackupLensError('BL_USAGE', '--svg draws one file', { hint: 'call it once for each file' });
  }
  const output = new Sink(tty.output());
  const identifier = await Identifier.create();
  const progress = new Progress(tty);
  let code = DONE;
  try {
    for (const [index, file] of files.entries()) {
      let map: EntropyMap | string;
      try {
        map = await analyzeFile(file, {
          identifier,
          threshold: options.threshold,
          progress: (bytesDone, bytesKnown) =>
            progress.update({
              filesDone: index,
              filesKnown: files.length,
              totalKnown: true,
              bytesDone,
              bytesKnown,
              current: file,
            }),
        });
      } catch (error) {
        map = inWords(error);
        code = WRONG;
        tty.problem(`${file}: ${map}`);
      }
      if (svg !== undefined && typeof map !== 'string') await draw(svg, file, map);
      await output.write(
        json === true ? inList(index, files.length, toJson(file, map)) : separated(index, toText(map, tty)),
      );
    }
    await output.flush();
  } finally {
    progress.stop();
    identifier.close();
  }
  return code;
}

function toJson(file: string, map: EntropyMap | string): string {
  return typeof map === 'string' ? errorAsJson(file, map) : asJson(map);
}

/** Of a file that could not be analyzed, standard error has said everything. */
function toText(map: EntropyMap | string, tty: Tty): string {
  return typeof map === 'string' ? '' : asText(map, tty.columns);
}

/** An object alone for one file, a list for several. */
function inList(index: number, count: number, json: string): string {
  if (count === 1) return `${json}\n`;
  return `${index === 0 ? '[\n' : ''}${json}${index === count - 1 ? '\n]' : ','}\n`;
}

function separated(index: number, text: string): string {
  return index === 0 || text === '' ? text : `\n${text}`;
}

/** Writes the picture; never over the file that it shows. */
async function draw(picture: string, file: string, map: EntropyMap): Promise<void> {
  try {
    const [there, shown] = await Promise.all([stat(picture).catch(() => null), stat(file)]);
    if (there !== null && there.dev === shown.dev && there.ino === shown.ino) {
      throw new Error('it is the file that is to be drawn');
    }
    const handle = await open(picture, 'w', 0o644);
    try {
      await handle.writeFile(asSvg(map));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new BackupLensError('BL_OUTPUT', `cannot write ${picture}: ${inWords(cause)}`, { cause });
  }
}
