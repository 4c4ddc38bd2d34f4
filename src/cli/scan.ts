import type { Command } from 'commander';
import type { Run } from './run.ts';
import { describeScan } from './scan-options.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./scan/run.ts');

/** Adds `scan`. `run` gets the work and takes care of what it throws and of the exit code. */
export function addScanCommand(program: Command, run: Run): void {
  describeScan(program, (paths, options) =>
    run(options, async (tty) => (await work()).scanCommand(paths, options, tty)),
  );
}
