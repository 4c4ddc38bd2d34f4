import { describeConfig, loadConfig } from '../../config/index.ts';
import { processEnvironment } from '../../config/start/index.ts';
import { forTerminal } from '../../report/index.ts';
import type { CommonOptions } from '../run.ts';
import type { Tty } from '../tty.ts';

export interface ShowOptions extends CommonOptions {
  readonly json?: boolean;
  readonly scoring?: string;
  readonly strict?: boolean;
}

export function show(options: ShowOptions, tty: Tty): number {
  const rows = describeConfig(loadConfig({ cwd: process.cwd(), env: processEnvironment(), flags: options }));
  if (options.json === true) tty.print(JSON.stringify(rows, null, 2));
  else for (const row of rows) tty.print(line(row, rows));
  return 0;
}

function line(
  row: ReturnType<typeof describeConfig>[number],
  all: readonly { readonly name: string }[],
): string {
  const column = Math.max(...all.map(({ name }) => name.length));
  const value = Array.isArray(row.value) ? row.value.join(', ') || '(none)' : String(row.value ?? '(unset)');
  return `${row.name.padEnd(column)}  ${forTerminal(value)}  (${forTerminal(row.origin)})`;
}
