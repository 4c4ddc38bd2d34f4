import type { Command } from 'commander';
import { describeConfig, loadConfig, processEnvironment } from '../config/index.ts';
import { forTerminal } from '../report/index.ts';
import type { CommonOptions, Run } from './run.ts';

interface ShowOptions extends CommonOptions {
  readonly json?: boolean;
  readonly scoring?: string;
  readonly strict?: boolean;
}

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
    .action(async (options: ShowOptions) =>
      run(options, (tty) => {
        const rows = describeConfig(
          loadConfig({ cwd: process.cwd(), env: processEnvironment(), flags: options }),
        );
        if (options.json === true) tty.print(JSON.stringify(rows, null, 2));
        else for (const row of rows) tty.print(line(row, rows));
        return 0;
      }),
    );
}

function line(
  row: ReturnType<typeof describeConfig>[number],
  all: readonly { readonly name: string }[],
): string {
  const column = Math.max(...all.map(({ name }) => name.length));
  const value = Array.isArray(row.value) ? row.value.join(', ') || '(none)' : String(row.value ?? '(unset)');
  return `${row.name.padEnd(column)}  ${forTerminal(value)}  (${forTerminal(row.origin)})`;
}
