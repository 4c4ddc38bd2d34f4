import { everyCommand, type CommandWords, type OptionWords, type Value } from './command-words.ts';

/** A completion script for fish 3 or newer. */
export function fishCompletion(program: CommandWords): string {
  const [name = ''] = program.path;
  const inside = `__${name.replaceAll('-', '_')}_inside`;
  const lines = everyCommand(program).flatMap((command) => linesOf(command, name, inside));
  return `# fish completion of ${name}: put it into ~/.config/fish/completions/${name}.fish
# Whether the words before the cursor are just these commands, whatever options stand between them.
function ${inside}
    set -l said (commandline -opc | string match -v -- '-*')[2..]
    set -l commands ${everyCommand(program)
      .slice(1)
      .map(({ path }) => path.slice(1).join('/'))
      .join(' ')}
    set -l command
    for word in $said
        set -l deeper (string join / $command $word)
        contains -- $deeper $commands; or break
        set command $deeper
    end
    test "$command" = "$argv[1]"
end
complete -c ${name} -f
${lines.join('\n')}
`;
}

function linesOf(command: CommandWords, name: string, inside: string): string[] {
  const place = `complete -c ${name} -n "${inside} '${command.path.slice(1).join('/')}'"`;
  return [
    ...command.commands.map(
      (below) => `${place} -a ${String(below.path.at(-1))} -d ${quoted(below.summary)}`,
    ),
    ...command.options.map((option) => `${place} ${optionWords(option)} -d ${quoted(option.summary)}`),
    ...(command.argument === null || command.commands.length > 0
      ? []
      : argumentLines(place, command.argument)),
  ];
}

function argumentLines(place: string, value: Value): string[] {
  const words = valueWords(value);
  return words === '' ? [] : [`${place} ${words}`];
}

function optionWords({ flags, value }: OptionWords): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  // -r: a value follows; -x: and it is no file.
  const taken = value === null ? [] : [value.of === 'files' ? '-r' : '-x', valueWords(value)];
  return [...names, ...taken].filter(Boolean).join(' ');
}

function valueWords(value: Value): string {
  if (value.of === 'choice') return `-a '${value.words.join(' ')}'`;
  return { files: '-F', folders: "-a '(__fish_complete_directories)'", text: '' }[value.of];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
