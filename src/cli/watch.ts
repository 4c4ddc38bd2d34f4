import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { processEnvironment } from '../config/start/index.ts';
import { BackupLensError, programFile } from '../domain/index.ts';
import type { Run } from './run.ts';

const PROGRAM = fileURLToPath(programFile('services/pipeline/main'));
/** As in bin/backuplens: what streams past dies young, and what it leaves is collected before it piles up. */
const FLAGS = [
  '--max-semi-space-size=2',
  '--heap-growing-percent=25',
  '--disable-warning=ExperimentalWarning',
];

/** Adds `watch`: this process becomes the service, so that whoever started it can signal it. */
export function addWatchCommand(program: Command, run: Run): void {
  program
    .command('watch')
    .summary('watch INCOMING_DIR, and deal with what arrives (the program backuplens-pipeline)')
    .helpOption(false)
    .allowUnknownOption()
    .argument('[options...]')
    .action(async (options: readonly string[]) =>
      run({}, () => {
        if (process.execve === undefined) {
          throw new BackupLensError('BL_RUNTIME', 'this Node.js cannot become another program', {
            hint: `start it directly: node ${PROGRAM}`,
          });
        }
        const env = Object.fromEntries(
          Object.entries(processEnvironment()).flatMap(([name, value]) =>
            value === undefined ? [] : [[name, value]],
          ),
        );
        return process.execve(process.execPath, [process.execPath, ...FLAGS, PROGRAM, ...options], env);
      }),
    );
}
