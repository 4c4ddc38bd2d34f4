import { Help, type Command, type HelpConfiguration, type Option } from 'commander';

const plain = new Help();

function isRequired({ mandatory, defaultValue }: Option): boolean {
  return mandatory && defaultValue === undefined;
}

/** commander refuses a command without its required options, but does not tell them apart in --help: this does. */
export const SHOWS_REQUIRED: HelpConfiguration = {
  commandUsage: (command: Command) =>
    [
      plain.commandUsage(command),
      ...plain
        .visibleOptions(command)
        .filter(isRequired)
        .map(({ flags }) => flags),
    ].join(' '),
  optionDescription: (option: Option) =>
    `${plain.optionDescription(option)}${isRequired(option) ? ' (required)' : ''}`,
};
