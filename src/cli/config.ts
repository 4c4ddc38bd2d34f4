import type { Command } from 'commander';
import type { ShowOptions } from './config/run.ts';
import type { Run } from './run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./config/run.ts');

/** Adds `config show`. */
export function addConfigCommand(program: Command, run: Run): void {
  program
    .command('config')
    .summary('show the settings in force, and where each came from')
    .description('Settings come from defaults, the policy file, the environment and flags; later ones win.')
    .command('show')
    .description('Every setting in force, with where it came from. Secrets are not shown.')
    .option('--json', 'as JSON, with what each setting is for')
    .option('--scoring <file>', 'as for scan')
    .option('--strict', 'as for scan')
    .action(async (options: ShowOptions) => run(options, async (tty) => (await work()).show(options, tty)));
}
