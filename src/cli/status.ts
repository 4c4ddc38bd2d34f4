import { Command } from 'commander';
import { dressed, run, type CommandIo } from './command-io.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./status/run.ts');

const HELP = `
Works beside a running service.

Exit codes:
  0  done
  2  it could not be told
`;

/** Builds `status`: what waits, what is held, where everything is. */
export function statusCommand(io: CommandIo): Command {
  return dressed(new Command('status'))
    .summary('what waits, what is held, what is in quarantine')
    .description('What the store knows: how many files wait, are held, in quarantine, released or in place.')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP)
    .action(async ({ json }: { json?: boolean }) =>
      run(io, async () => (await work()).status(io, json === true)),
    );
}
