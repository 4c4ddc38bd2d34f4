/**
 * `npm run bench`: `backuplens scan` beside what people use today, on the same files, engines and signatures, in the
 * same run. Prints ratios (median of the runs) and writes the tables of docs/performance.md. `npm run bench 1`: one run.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { startClamd } from '../test/kit/clamd/real.ts';
import { mixedCorpus, smallFiles, sparseFile } from './corpus.ts';
import { measure, median, type Cost } from './measure.ts';

const RUNS = Number(process.argv[2] ?? 5);
const ROOT = join(import.meta.dirname, '..');
const PROGRAM = join(ROOT, 'bin/backuplens');
const RULES = join(ROOT, 'yara-rules');
const MIB = 2 ** 20;
/** The tables between these lines of the page are written by this program. */
const PAGE = join(ROOT, 'docs/performance.md');
const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

interface Alternative {
  readonly name: string;
  readonly command: (files: string) => readonly string[];
}

/** With archives: all unpacked first, then everything scanned, the extraction counted. */
const EXTRACT = `
set -e
for archive in "$1"/archives/*.tar.*; do
  out="$2/$(basename "$archive")"; mkdir -p "$out"
  case "$archive" in *.gz) tar -xzf "$archive" -C "$out";; *.zst) zstd -dcq "$archive" | tar -xf - -C "$out";; esac
done`;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const clamd = await startClamd({
    signatures: [{ name: 'Bench.Marker', text: ['BENCH', 'MARKER', 'nowhere'].join('-') }],
    settings: { MaxFileSize: '2000M', MaxScanSize: '2000M', StreamMaxLength: '2000M' },
  });
  try {
    const lines: string[] = [];
    for (const archived of [0, 0.3]) {
      const files = join(folder, `corpus-${archived * 100}`);
      const size = await mixedCorpus(files, { seed: 2026, totalBytes: 300 * MIB, archived });
      lines.push(...(await compare(files, size, archived, clamd, folder)), '');
    }
    lines.push(...(await manyFiles(folder, clamd)));
    const text = [machine(), '', ...lines].join('\n');
    process.stdout.write(`${text}\n`);
    const page = readFileSync(PAGE, 'utf8');
    const [before = ''] = page.split(BEGIN);
    const [, after = ''] = page.split(END);
    writeFileSync(PAGE, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
  } finally {
    await clamd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Clamd = Awaited<ReturnType<typeof startClamd>>;

function ours(clamd: Clamd, files: string): readonly string[] {
  return [
    PROGRAM,
    'scan',
    '--clamd',
    `unix:${clamd.unix.path}`,
    '--rules',
    RULES,
    '--format',
    'ndjson',
    files,
  ];
}

async function compare(
  files: string,
  size: { files: number; bytes: number },
  archived: number,
  clamd: Clamd,
  folder: string,
): Promise<string[]> {
  const clean = join(folder, 'extracted');
  const alternatives: Alternative[] = [
    {
      name: 'clamdscan --multiscan --fdpass',
      command: (at) => [
        'clamdscan',
        `--config-file=${clamd.configFile}`,
        '--multiscan',
        '--fdpass',
        '--no-summary',
        at,
      ],
    },
    {
      name: 'yara (starter rules)',
      command: (at) => ['sh', '-c', `yara -w -r -N $(find ${RULES} -name '*.yar') "$1"`, 'sh', at],
    },
    {
      name: 'sha256sum',
      command: (at) => ['sh', '-c', 'find "$1" -type f -print0 | xargs -0 sha256sum', 'sh', at],
    },
  ];
  const rows = new Map<string, Cost[]>();
  const note = (name: string, cost: Cost): void => void rows.set(name, [...(rows.get(name) ?? []), cost]);
  for (let run = 0; run <= RUNS; run++) {
    const counted = run > 0; // The first warms the page cache.
    const costs: [string, Cost][] = [
      ['backuplens scan', await measure(ours(clamd, files), clamd.pid(), true)],
    ];
    let target = files;
    if (archived > 0) {
      rmSync(clean, { recursive: true, force: true });
      mkdirSync(clean, { recursive: true });
      costs.push(['extraction', await measure(['sh', '-c', EXTRACT, 'sh', files, clean], null)]);
      // The files that were no archives, as they are: the others scan them too. Linking them is not counted.
      spawnSync('sh', ['-c', 'cp -rl "$1"/d* "$2"/', 'sh', files, clean]);
      target = clean;
    }
    for (const { name, command } of alternatives)
      costs.push([name, await measure(command(target), clamd.pid())]);
    if (counted) for (const [name, cost] of costs) note(name, cost);
  }
  return table(rows, size, archived);
}

function table(
  rows: Map<string, Cost[]>,
  size: { files: number; bytes: number },
  archived: number,
): string[] {
  const all = [...rows];
  const mine = all.find(([name]) => name === 'backuplens scan')?.[1] ?? [];
  const others = all.filter(([name]) => name !== 'backuplens scan').map(([, costs]) => costs);
  const ratio = (what: 'cpu' | 'wall'): number =>
    median(
      mine.map((cost, run) => cost[what] / others.reduce((sum, costs) => sum + (costs[run]?.[what] ?? 0), 0)),
    );
  return [
    `### ${archived * 100} % of the bytes in archives: ${size.files} files, ${(size.bytes / MIB).toFixed(0)} MiB`,
    '',
    '| what | CPU s | of it clamd | wall s | peak MiB (PSS / RSS) |',
    '|---|---|---|---|---|',
    ...all.map(row),
    '',
    `backuplens against the sum of the others, median of ${RUNS}: CPU ${ratio('cpu').toFixed(2)} x, wall ${ratio('wall').toFixed(2)} x`,
  ];
}

function row([name, costs]: [string, Cost[]]): string {
  const of = (what: keyof Omit<Cost, 'code'>): string => median(costs.map((cost) => cost[what])).toFixed(2);
  const peak = name === 'backuplens scan' ? `${of('pss')} / ${of('rss')}` : '';
  return `| ${name} | ${of('cpu')} | ${of('clamd')} | ${of('wall')} | ${peak} |`;
}

async function manyFiles(folder: string, clamd: Clamd): Promise<string[]> {
  const files = join(folder, 'many');
  mkdirSync(files);
  smallFiles(files, 10_000, 7);
  sparseFile(join(files, 'sparse.img'), 2 * 1024 * MIB);
  const cost = await measure(ours(clamd, files), clamd.pid(), true);
  return [
    '### 10,000 small files and one sparse file of 2 GiB',
    '',
    `CPU ${cost.cpu.toFixed(1)} s (clamd ${cost.clamd.toFixed(1)}), wall ${cost.wall.toFixed(1)} s, peak memory of all our processes together ` +
      `${cost.pss.toFixed(0)} MiB (PSS), ${cost.rss.toFixed(0)} MiB (RSS), exit code ${cost.code}`,
  ];
}

function machine(): string {
  const [first] = cpus();
  return `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${first?.model ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`;
}

await main();
