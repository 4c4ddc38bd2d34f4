import { Tty } from './tty.ts';

/** What every command understands. */
export interface CommonOptions {
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
  readonly color?: boolean | undefined;
}

/** Does a command's work: it returns the exit code, and may throw. */
export type Run = (options: CommonOptions, work: (tty: Tty) => Promise<number> | number) => Promise<void>;

/** Runs a command to its exit code; what it throws is told in words. `noColor`: NO_COLOR is set; `program`: who speaks. */
export function runner(noColor: boolean, program = 'backuplens'): Run {
  return async ({ quiet, verbose, color }, work) => {
    const tty = new Tty({
      stdout: process.stdout,
      stderr: process.stderr,
      program,
      quiet: quiet === true,
      verbose: verbose === true,
      noColor: noColor || color === false,
    });
    try {
      process.exitCode = await work(tty);
    } catch (error) {
      process.exitCode = tty.error(error);
    }
  };
}
