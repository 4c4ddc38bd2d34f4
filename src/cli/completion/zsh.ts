import { everyCommand, type CommandWords, type OptionWords, type Value } from './command-words.ts';

/** A completion script for zsh 5 or newer. */
export function zshCompletion(program: CommandWords): string {
  const [name = ''] = program.path;
  return `#compdef ${name}
# zsh completion of ${name}: put it into a folder of $fpath as _${name}
${everyCommand(program).map(functionOf).join('')}
if [[ $funcstack[1] == _${name} ]]; then ${functionName(program)} "$@"; else compdef ${functionName(program)} ${name}; fi
`;
}

function functionOf(command: CommandWords): string {
  const options = command.options.map(specification);
  if (command.commands.length === 0) {
    const rest = command.argument === null ? [] : [`'*:${action(command.argument)}'`];
    return `${functionName(command)}() {
  _arguments -s ${[...options, ...rest].join(' \\\n    ')}
}
`;
  }
  const below = command.commands.map(({ path, summary }) => quoted(`${String(path.at(-1))}:${summary}`));
  return `${functionName(command)}() {
  local state line
  local -a commands=(${below.join(' ')})
  _arguments -C ${[...options, "'1: :->command'", "'*:: :->rest'"].join(' \\\n    ')}
  case $state in
    command) _describe -t commands command commands ;;
    rest) case $line[1] in
${command.commands.map((one) => `      ${String(one.path.at(-1))}) ${functionName(one)} ;;`).join('\n')}
    esac ;;
  esac
}
`;
}

function functionName({ path }: CommandWords): string {
  return `_${path.map((word) => word.replaceAll('-', '_')).join('__')}`;
}

/** `--flag[what it is]:value:how to complete it`, repeatable as every option here may be. */
function specification({ flags, summary, value }: OptionWords): string {
  const text = `[${summary.replaceAll(/[[\]\\]/g, '\\$&')}]${value === null ? '' : `:${action(value)}`}`;
  return flags.map((flag) => quoted(`*${flag}${text}`)).join(' \\\n    ');
}

function action(value: Value): string {
  if (value.of === 'choice') return `one of:(${value.words.join(' ')})`;
  return { files: 'file:_files', folders: 'folder:_files -/', text: 'value: ' }[value.of];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
