#!/usr/bin/env -S node --max-semi-space-size=2
import { Command, CommanderError } from 'commander';
import { processEnvironment, programVersion } from '../../config/start/index.ts';
import { runner } from '../run.ts';
import { describeEntropyMap } from '../entropy-map.ts';

/** The specification's `entropy-map`; `backuplens entropy` is the same. */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const NAME = 'entropy-map';
const program = new Command(NAME)
  .version(programVersion(), '-V, --version')
  .showHelpAfterError('hint: --help shows all options')
  .configureOutput({
    outputError: (text, write) => write(text.replace(/^error: /, `${NAME}: `).replace(/\.\n/, '\n')),
  })
  .exitOverride();

try {
  const noColor = (processEnvironment()['NO_COLOR'] ?? '') !== '';
  await describeEntropyMap(program, NAME, runner(noColor, NAME)).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
