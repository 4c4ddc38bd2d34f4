import { everyCommand, type CommandWords, type OptionWords, type Value } from './command-words.ts';

/** A completion script for bash 4 or newer; it needs neither the package bash-completion nor a start of the program. */
export function bashCompletion(program: CommandWords): string {
  const [name] = program.path;
  const commands = everyCommand(program);
  return `# bash completion of ${name}: source it, or put it into /usr/share/bash-completion/completions/${name}
_${functionName(program)}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command='${name}' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command $word" in
${commands.flatMap(entering).join('\n')}
    esac
  done
  COMPREPLY=()
  case "$command $previous" in
${commands.flatMap(valuesOf).join('\n')}
  esac
  case "$command" in
${commands.map(wordsOf).join('\n')}
  esac
}
complete -F _${functionName(program)} ${name}
`;
}

function functionName({ path: [name] }: CommandWords): string {
  return String(name).replaceAll('-', '_');
}

function entering({ commands }: CommandWords): string[] {
  return commands.map(({ path }) => `      '${path.join(' ')}') command='${path.join(' ')}' ;;`);
}

function valuesOf({ path, options }: CommandWords): string[] {
  return options.flatMap((option) =>
    option.value === null ? [] : [`    ${patterns(path, option)}) ${reply(option.value)} return ;;`],
  );
}

function patterns(path: readonly string[], { flags }: OptionWords): string {
  return flags.map((flag) => `'${[...path, flag].join(' ')}'`).join(' | ');
}

function wordsOf({ path, options, argument, commands }: CommandWords): string {
  const flags = options.flatMap((option) => option.flags).join(' ');
  const below = commands.map((command) => command.path.at(-1)).join(' ');
  const otherwise =
    below === '' ? (argument === null ? '' : reply(argument)) : reply({ of: 'choice', words: [below] });
  return `    '${path.join(' ')}') if [[ $current == -* ]]; then ${reply({ of: 'choice', words: [flags] })} else ${otherwise || ':;'} fi ;;`;
}

/** One command that fills COMPREPLY. */
function reply(value: Value): string {
  if (value.of === 'text') return ':;';
  if (value.of === 'choice') {
    return `mapfile -t COMPREPLY < <(compgen -W '${value.words.join(' ')}' -- "$current");`;
  }
  const kind = value.of === 'files' ? '-f' : '-d';
  return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen ${kind} -- "$current");`;
}
