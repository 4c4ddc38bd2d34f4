/**
 * `npm run bench:second`: what a scan costs of which nothing has changed since the last one, beside the first and `find`, on the
 * same files in the same run: more and more small files, a real clamd whose database can be seen, our own YARA.
 *
 *   npm run bench:second -- [--files N,N,…] [--runs N]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { smallFiles } from './corpus.ts';
import { loadNow } from './first-scan/compare.ts';
import { startVisibleClamd } from './first-scan/engines.ts';
import { measure, median, SETTLED_MS, type Cost } from './measure.ts';

const { values: options } = parseArgs({
  options: {
    files: { type: 'string', default: '1000,10000,100000' },
    runs: { type: 'string', default: '5' },
  },
});
const RUNS = Number(options.runs);
const PROGRAM = join(import.meta.dirname, '../bin/backuplens');

const folder = mkdtempSync(join(tmpdir(), 'bench-second-'));
const clamd = await startVisibleClamd(folder, { signatures: [], settings: {} });

async function scan(files: string, format: 'text' | 'ndjson', memory = false): Promise<Cost> {
  const { path } = clamd.unix;
  const cache = join(folder, 'verdicts', 'verdicts.sqlite');
  const engines = ['--clamd', `unix:${path}`, '--cache', cache, '--verify-sample', '0'];
  return measure([PROGRAM, 'scan', ...engines, '--format', format, files], clamd.pid(), memory);
}

function row(cells: readonly (string | number)[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

try {
  row([
    'files',
    'first scan, CPU s',
    'second, CPU s',
    'second, every file in a report (`ndjson`), CPU s',
    '`find`, CPU s',
    'first : second',
    'second : `find`',
    'peak MiB (PSS), first, second',
    'load',
  ]);
  row(Array.from({ length: 9 }, () => '---'));
  for (const files of (options.files ?? '').split(',').map(Number)) {
    const at = join(folder, 'files');
    mkdirSync(at);
    mkdirSync(join(folder, 'verdicts'), { mode: 0o700 });
    smallFiles(at, files, 7);
    await sleep(SETTLED_MS);
    const first = await scan(at, 'text', true);
    const { pss } = await scan(at, 'text', true);
    const seconds: number[] = [];
    const listed: number[] = [];
    const finds: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      seconds.push((await scan(at, 'text')).cpu);
      listed.push((await scan(at, 'ndjson')).cpu);
      // One is too short to be measured.
      const times = Math.max(1, Math.ceil(20_000 / files));
      const found = 'n=$2; while [ $n -gt 0 ]; do find "$1" -type f -printf "%s %T@\\n"; n=$((n-1)); done';
      finds.push((await measure(['sh', '-c', found, 'sh', at, String(times)], null)).cpu / times);
    }
    const [second, find] = [median(seconds), median(finds)];
    row([
      files,
      first.cpu.toFixed(2),
      second.toFixed(2),
      median(listed).toFixed(2),
      find.toFixed(3),
      (first.cpu / second).toFixed(1),
      (second / find).toFixed(1),
      `${first.pss.toFixed(0)}, ${pss.toFixed(0)}`,
      loadNow().toFixed(1),
    ]);
    rmSync(at, { recursive: true });
    rmSync(join(folder, 'verdicts'), { recursive: true });
  }
} finally {
  await clamd.stop();
  rmSync(folder, { recursive: true, force: true });
}
