/**
 * `npm run bench`: `backuplens scan` beside what people use today, on the same files, engines and signatures, in the same
 * run. Prints ratios (median of the runs), keeps every figure in bench/results/, and writes the tables of
 * docs/performance.md.
 *
 *   npm run bench -- [--runs N] [--scale S] [--corpus TEXT] [--engines small|large] [--growth N,N,…|none] [--no-page]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { smallFiles } from './corpus.ts';
import { compareOnce, loadNow, scanCommand, type Measured } from './first-scan/compare.ts';
import { CORPORA } from './first-scan/corpora.ts';
import { ENGINES, startEngines } from './first-scan/engines.ts';
import { comparisonTable, growthTable, ratio, type Comparison, type Growth } from './first-scan/table.ts';
import { measure, SETTLED_MS } from './measure.ts';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    corpus: { type: 'string', default: '' },
    engines: { type: 'string', default: '' },
    growth: { type: 'string', default: '1000,10000,100000' },
    'no-page': { type: 'boolean', default: false },
  },
});
const RUNS = Number(options.runs);
const SCALE = Number(options.scale);
const ROOT = join(import.meta.dirname, '..');
const RESULTS = join(ROOT, 'bench/results');
/** The tables between these lines of the page are written by this program. */
const PAGE = join(ROOT, 'docs/performance.md');
const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

async function compareAll(folder: string): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const engines of ENGINES.filter(({ name }) => name.includes(options.engines))) {
    const running = await startEngines(engines, folder);
    try {
      for (const corpus of CORPORA.filter(({ name }) => name.includes(options.corpus))) {
        const files = join(folder, 'files');
        mkdirSync(files);
        await corpus.make(files, SCALE);
        const runs: (readonly Measured[])[] = [];
        let load = 0;
        for (let run = 0; run < Math.min(RUNS, engines.runs); run++) {
          runs.push(await compareOnce(corpus, files, running));
          load = Math.max(load, loadNow());
        }
        const comparison = { corpus: corpus.name, engines: engines.name, ...sizeOf(files), load, runs };
        process.stdout.write(`${comparisonTable(comparison).join('\n')}\n\n`);
        comparisons.push(comparison);
        rmSync(files, { recursive: true });
      }
    } finally {
      await running.clamd.stop();
    }
  }
  return comparisons;
}

/** Does the cost grow as the number of files does, and memory not at all? */
async function grow(folder: string): Promise<Growth[]> {
  const [engines] = ENGINES;
  if (engines === undefined || options.growth === 'none') return [];
  const running = await startEngines(engines, folder);
  const steps: Growth[] = [];
  try {
    for (const files of options.growth.split(',').map(Number)) {
      const at = join(folder, 'growing');
      mkdirSync(at);
      smallFiles(at, files, 7);
      await sleep(SETTLED_MS);
      const cache = join(folder, `growing-${files}.sqlite`);
      const command = scanCommand(running, { files: at, cache });
      const { cpu, clamd, wall, pss } = await measure(command, running.clamd.pid(), true);
      steps.push({ files, cpu, clamd, wall, pss });
      rmSync(at, { recursive: true });
    }
  } finally {
    await running.clamd.stop();
  }
  return steps;
}

function sizeOf(folder: string): { files: number; bytes: number } {
  const sizes = execFileSync('find', [folder, '-type', 'f', '-printf', '%s\n'], { maxBuffer: 2 ** 26 });
  const all = sizes.toString().trim().split('\n').map(Number);
  return { files: all.length, bytes: all.reduce((sum, size) => sum + size, 0) };
}

function version(program: string): string {
  return execFileSync(program, ['--version']).toString().trim().split('\n')[0] ?? '';
}

function machine(): string {
  const [first] = cpus();
  return (
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${first?.model ?? 'unknown'}), ` +
    `${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}, ${version('clamd').split('/')[0]}, yara ${version('yara')}`
  );
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const comparisons = await compareAll(folder);
    const growth = await grow(folder);
    const date = new Date().toISOString();
    mkdirSync(RESULTS, { recursive: true });
    const results = { date, machine: machine(), scale: SCALE, comparisons, growth };
    writeFileSync(join(RESULTS, `${date.replaceAll(':', '-')}.json`), JSON.stringify(results));
    const summary = comparisons.map(({ corpus, engines, load, runs }) => ({
      corpus,
      engines,
      load,
      runs: runs.length,
      cpu: Number(ratio(runs, 'cpu').toFixed(2)),
      wall: Number(ratio(runs, 'wall').toFixed(2)),
      cpu_second: Number(ratio(runs, 'cpu', true).toFixed(2)),
      peak_mib: Math.round(Math.max(...runs.map(([first]) => first?.pss ?? 0))),
    }));
    const short = { date, machine: results.machine, scale: SCALE, ratios: summary, growth };
    writeFileSync(join(RESULTS, 'summary.json'), `${JSON.stringify(short, null, 2)}\n`);
    const tables = comparisons.flatMap((one) => [...comparisonTable(one), '']);
    const grown = growth.length === 0 ? [] : growthTable(growth);
    const scaled = SCALE === 1 ? '' : `, corpora at ${SCALE} of their size`;
    const text = [`${results.machine}${scaled}`, '', ...tables, ...grown].join('\n').trim();
    process.stdout.write(`${text}\n`);
    if (options['no-page']) return;
    const page = readFileSync(PAGE, 'utf8');
    const [before = ''] = page.split(BEGIN);
    const [, after = ''] = page.split(END);
    writeFileSync(PAGE, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
