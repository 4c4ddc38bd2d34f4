import { Argument, Command } from 'commander';
import { DONE, dressed, run, type CommandIo } from './command-io.ts';
import { describeEntropyMap } from './entropy-map.ts';
import { bashCompletion } from './completion/bash.ts';
import { commandWords, type CommandWords } from './completion/command-words.ts';
import { fishCompletion } from './completion/fish.ts';
import { zshCompletion } from './completion/zsh.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
type Shell = keyof typeof SHELLS;

const EXAMPLES = `
Examples:
  source <(backuplens completion bash)                 in this bash; in ~/.bashrc for every one
  backuplens completion zsh > ~/.zfunc/_backuplens     a folder of $fpath
  backuplens completion fish > ~/.config/fish/completions/backuplens.fish

\`make install\` puts them where the shells look.
`;

/** Builds `completion SHELL`, of all that `program` knows when it is called. */
export function completionCommand(io: CommandIo, program: Command): Command {
  return dressed(new Command('completion'))
    .summary('print what makes a shell complete the commands and options')
    .description('Prints a completion script for bash, zsh or fish.')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SHELLS)))
    .option('--of <program>', 'backuplens or entropy-map', 'backuplens')
    .addHelpText('after', EXAMPLES)
    .action(async (shell: Shell, { of }: { of: string }) =>
      run(io, async () => {
        io.out(SHELLS[shell](of === 'entropy-map' ? entropyMapWords() : commandWords(program)));
        return DONE;
      }),
    );
}

function entropyMapWords(): CommandWords {
  return commandWords(describeEntropyMap(new Command('entropy-map'), 'entropy-map', async () => undefined));
}
