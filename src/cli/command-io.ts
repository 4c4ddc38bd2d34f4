import { Command } from 'commander';
import type { Folders } from '../config/folders/index.ts';
import type { Recovered } from '../dispose/index.ts';
import { BackupLensError, ERRORS } from '../domain/index.ts';
import { SHOWS_REQUIRED } from './required-options.ts';

/** What the commands that work on the store need of the world around them. */
export interface CommandIo {
  /** A result, to standard output. */
  out(text: string): void;
  /** Talk, to standard error. */
  err(text: string): void;
  /** Makes any text safe for a terminal, on one line. */
  escape(text: string): string;
  /** From the configuration; may throw. */
  folders(): Folders | Promise<Folders>;
  /** Sets the exit code of the program; process.exitCode when it is not given. */
  exit?(code: number): void;
}

/** Exit codes of these commands (CONTRACTS 8). */
export const DONE = 0;
/** No such thing, or it is not what it should be. */
export const WRONG = 1;
export const COULD_NOT = 2;

/** A command with subcommands, as all of ours behave. */
export function groupOf(name: string, summary: string, description: string, help: string): Command {
  return dressed(new Command(name)).summary(summary).description(description).addHelpText('after', help);
}

/** A command that is built alone takes nothing over from the program; its own subcommands do from it. */
export function dressed(command: Command): Command {
  return command
    .exitOverride()
    .configureHelp(SHOWS_REQUIRED)
    .showHelpAfterError('hint: --help shows all options')
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'backuplens: ').replace(/\.\n/, '\n')),
    });
}

/** Does a command's work; what it throws is told in words, and becomes its exit code. */
export async function run(io: CommandIo, work: () => Promise<number>): Promise<void> {
  const exit = io.exit?.bind(io) ?? ((code: number) => void (process.exitCode = code));
  try {
    exit(await work());
  } catch (error) {
    if (!(error instanceof BackupLensError)) throw error;
    say(io, error.message, error.hint ?? undefined);
    exit(ERRORS[error.code].exit);
  }
}

export function say(io: CommandIo, message: string, hint?: string): void {
  io.err(`backuplens: ${io.escape(message)}\n${hint === undefined ? '' : `hint: ${io.escape(hint)}\n`}`);
}

export function tellRecovered(io: CommandIo): (recovered: Recovered) => void {
  return ({ id, action, detail }) => say(io, `${id}: an earlier run was interrupted: ${action}: ${detail}`);
}

/** `name      value`, one a line. */
export function facts(io: CommandIo, rows: readonly (readonly [string, string])[]): void {
  for (const [name, value] of rows) io.out(`${name.padEnd(12)}${io.escape(value)}\n`);
}

/** The one id that an abbreviation stands for; null after saying why there is none. */
export function theOne(io: CommandIo, short: string, found: readonly string[], where: string): string | null {
  const [first, second] = found;
  if (first === undefined) {
    say(io, `there is no item ${short} ${where}`, '`list` shows what there is');
    return null;
  }
  if (second === undefined) return first;
  const many = found.length === 10 ? '10 or more' : String(found.length);
  say(io, `${short} may be any of ${many} items`, `for one: ${first} or ${second}`);
  return null;
}
