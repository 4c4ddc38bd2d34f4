#!/usr/bin/env -S node --max-semi-space-size=2
import { Command, CommanderError } from 'commander';
import { loadFolders, loadTokensPath, processEnvironment, programVersion } from '../config/index.ts';
import { forTerminal } from '../report/index.ts';
import type { CommandIo } from './command-io.ts';
import { addConfigCommand } from './config.ts';
import { describeEntropyMap } from './entropy-map/command.ts';
import { gateCommand } from './gate.ts';
import { journalCommand } from './journal.ts';
import { quarantineCommand } from './quarantine.ts';
import { reviewCommand } from './review.ts';
import { addRulesCommand } from './rules.ts';
import { runner } from './run.ts';
import { addScanCommand } from './scan.ts';
import { statusCommand } from './status.ts';
import { storeCommand } from './store.ts';
import { tokenCommand } from './token.ts';
import { addWatchCommand } from './watch.ts';

// A reader that has gone (`--help | head -1`) is no fault; who writes a report says what it means for that.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const env = processEnvironment();
const run = runner((env['NO_COLOR'] ?? '') !== '');
const program = new Command('backuplens')
  .description(
    'Examines backups before they are restored: what is in there, is it what it claims to be, and how much of it was really looked at.',
  )
  .version(programVersion(), '-V, --version')
  .showHelpAfterError('hint: --help shows all options')
  .configureOutput({
    outputError: (text, write) => write(text.replace(/^error: /, 'backuplens: ').replace(/\.\n/, '\n')),
  })
  .exitOverride();

addScanCommand(program, run);
addConfigCommand(program, run);
describeEntropyMap(program.command('entropy'), 'backuplens entropy', run);
addRulesCommand(program, run);
addWatchCommand(program, run);
const io: CommandIo = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  escape: forTerminal,
  folders: () => loadFolders({ cwd: process.cwd(), env }),
};
for (const command of [
  quarantineCommand(io),
  reviewCommand(io),
  gateCommand(io),
  statusCommand(io),
  journalCommand(io),
  storeCommand(io),
  tokenCommand(io, () => loadTokensPath({ cwd: process.cwd(), env })),
]) {
  program.addCommand(command);
}

try {
  await program.parseAsync();
} catch (error) {
  // commander has said what there is to say: help and version end well, everything else is wrong usage.
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
