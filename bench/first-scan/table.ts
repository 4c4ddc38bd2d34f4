import { median } from '../measure.ts';
import { COMBINED, type Measured } from './compare.ts';

const MIB = 2 ** 20;

/** One corpus with one set of engines, all runs. */
export interface Comparison {
  readonly corpus: string;
  readonly engines: string;
  readonly files: number;
  readonly bytes: number;
  /** Highest load average while it ran. */
  readonly load: number;
  readonly runs: readonly (readonly Measured[])[];
}

export function ratio(runs: Comparison['runs'], what: 'cpu' | 'wall', second = false): number {
  const mine = second ? 'backuplens scan, second' : 'backuplens scan, first';
  return median(
    runs.map((run) => {
      const of = (names: readonly string[]): number =>
        run.filter(({ program }) => names.includes(program)).reduce((sum, one) => sum + one[what], 0);
      return of([mine]) / of(COMBINED);
    }),
  );
}

export function comparisonTable({ corpus, engines, files, bytes, runs, load }: Comparison): string[] {
  const programs = [...new Set(runs.flatMap((run) => run.map(({ program }) => program)))];
  const rows = programs.map((program) => {
    const costs = runs.flatMap((run) => run.filter((one) => one.program === program));
    const of = (what: 'cpu' | 'clamd' | 'wall' | 'pss'): string =>
      median(costs.map((cost) => cost[what])).toFixed(what === 'pss' ? 0 : 2);
    const peak = program.startsWith('backuplens') ? of('pss') : '';
    return `| ${program} | ${of('cpu')} | ${of('clamd')} | ${of('wall')} | ${peak} |`;
  });
  const largest = runs[0]?.[0]?.processes ?? [];
  return [
    `### ${corpus}: ${files} files, ${(bytes / MIB).toFixed(0)} MiB; ${engines} set of signatures and rules`,
    '',
    '| what | CPU s | of it clamd | wall s | peak MiB (PSS) |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    `First scan against extraction, clamdscan --fdpass, yara and sha256sum together, median of ${runs.length}: CPU **${ratio(runs, 'cpu').toFixed(2)} ×**, ` +
      `wall ${ratio(runs, 'wall').toFixed(2)} × (load average up to ${load.toFixed(1)}). ` +
      `Second scan: CPU ${ratio(runs, 'cpu', true).toFixed(2)} ×. ` +
      `Highest memory of each process, MiB: ${largest.map(({ name, pss }) => `${name} ${pss.toFixed(0)}`).join(', ')}.`,
  ];
}

export interface Growth {
  readonly files: number;
  readonly cpu: number;
  readonly clamd: number;
  readonly wall: number;
  readonly pss: number;
}

export function growthTable(steps: readonly Growth[]): string[] {
  return [
    '### More and more small files',
    '',
    '| files | CPU s | of it clamd | CPU ms a file | wall s | peak MiB (PSS) |',
    '|---|---|---|---|---|---|',
    ...steps.map(
      ({ files, cpu, clamd, wall, pss }) =>
        `| ${files} | ${cpu.toFixed(1)} | ${clamd.toFixed(1)} | ${((1000 * cpu) / files).toFixed(2)} | ${wall.toFixed(1)} | ${pss.toFixed(0)} |`,
    ),
  ];
}
