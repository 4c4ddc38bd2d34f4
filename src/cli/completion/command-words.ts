import type { Argument, Command, Option } from 'commander';

/** What stands for a value: names of files or folders, one of a few words, or something that no shell can guess. */
export type Value =
  | { readonly of: 'files' | 'folders' | 'text' }
  | { readonly of: 'choice'; readonly words: readonly string[] };

export interface OptionWords {
  /** As typed, the long one last: `-V`, `--version`. */
  readonly flags: readonly string[];
  readonly summary: string;
  /** Null: it takes no value. */
  readonly value: Value | null;
}

export interface CommandWords {
  /** From the program's name down: `backuplens`, `rules`, `check`. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionWords[];
  /** What the words after the options are; null: there are none. */
  readonly argument: Value | null;
  readonly commands: readonly CommandWords[];
}

/** What can be typed after a program's name, as plain data: what shells complete and manual pages list. */
export function commandWords(command: Command, above: readonly string[] = []): CommandWords {
  const path = [...above, command.name()];
  const help = command.createHelp();
  return {
    path,
    summary: command.summary() || command.description(),
    options: help.visibleOptions(command).map(optionWords),
    argument: argumentOf(command.registeredArguments),
    commands: help
      .visibleCommands(command)
      .filter((one) => one.name() !== 'help')
      .map((one) => commandWords(one, path)),
  };
}

/** The command itself and every one below it, from the top down. */
export function everyCommand(words: CommandWords): readonly CommandWords[] {
  return [words, ...words.commands.flatMap(everyCommand)];
}

function optionWords(option: Option): OptionWords {
  return {
    flags: [option.short, option.long].filter((flag) => flag != null),
    summary: option.description,
    value:
      option.required || option.optional
        ? valueOf(option.flags, option.argChoices, option.description)
        : null,
  };
}

function argumentOf(all: readonly Argument[]): Value | null {
  const [first] = all;
  return first === undefined ? null : valueOf(first.name(), first.argChoices, first.description);
}

function valueOf(name: string, choices: readonly string[] | undefined, description: string): Value {
  if (choices !== undefined) return { of: 'choice', words: choices };
  const listed = /^one of ([\w-]+(?:, [\w-]+)*)$/.exec(description)?.[1];
  if (listed !== undefined) return { of: 'choice', words: listed.split(', ') };
  if (/\bdir\b/.test(name)) return { of: 'folders' };
  return { of: /\b(?:file|path|picture|bundle)s?\b/.test(name) ? 'files' : 'text' };
}
