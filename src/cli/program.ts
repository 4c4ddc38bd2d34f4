import { Command } from 'commander';
import { programVersion } from '../config/start/index.ts';
import { addBundleCommand } from './bundle.ts';
import { addCacheCommand } from './cache.ts';
import type { CommandIo } from './command-io.ts';
import { completionCommand } from './completion.ts';
import { addConfigCommand } from './config.ts';
import { addDoctorCommand } from './doctor.ts';
import { describeEntropyMap } from './entropy-map.ts';
import { gateCommand } from './gate.ts';
import { addEventsCommand } from './events.ts';
import { addHashesCommand } from './hashes.ts';
import { journalCommand } from './journal.ts';
import { addKeysCommand } from './keys.ts';
import { quarantineCommand } from './quarantine.ts';
import { SHOWS_REQUIRED } from './required-options.ts';
import { reviewCommand } from './review.ts';
import { addRulesCommand } from './rules.ts';
import type { Run } from './run.ts';
import { addScanCommand } from './scan.ts';
import { statusCommand } from './status.ts';
import { storeCommand } from './store.ts';
import { tokenCommand } from './token.ts';
import { addWatchCommand } from './watch.ts';

/**
 * Every command of `backuplens`: what --help prints, shells complete and the manual pages say is read from it.
 * `tokensPath`: TOKENS_FILE; may throw.
 */
export function backuplensProgram(io: CommandIo, run: Run, tokensPath: () => Promise<string>): Command {
  const program = new Command('backuplens')
    .description(
      'Examines backups before they are restored: what is in there, is it what it claims to be, and how much of it was really looked at.',
    )
    .version(programVersion(), '-V, --version')
    .configureHelp(SHOWS_REQUIRED)
    .showHelpAfterError('hint: --help shows all options')
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'backuplens: ').replace(/\.\n/, '\n')),
    })
    .exitOverride();
  addScanCommand(program, run);
  addCacheCommand(program, run);
  addConfigCommand(program, run);
  describeEntropyMap(program.command('entropy'), 'backuplens entropy', run);
  addRulesCommand(program, run);
  addDoctorCommand(program, run);
  addEventsCommand(program, run);
  addHashesCommand(program, run);
  addBundleCommand(program, run);
  addKeysCommand(program, run);
  addWatchCommand(program, run);
  for (const command of [
    quarantineCommand(io),
    reviewCommand(io),
    gateCommand(io),
    statusCommand(io),
    journalCommand(io),
    storeCommand(io),
    tokenCommand(io, tokensPath),
    completionCommand(io, program),
  ]) {
    program.addCommand(command);
  }
  return program;
}
