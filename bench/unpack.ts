/**
 * `npm run bench:unpack`: every member of archives of a 300 MB tree hashed, beside `bsdtar` and `7zz` with `sha256sum`, in the
 * same run. Writes its table of docs/performance.md. `npm run bench:unpack 1`: one run.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { bundle } from '../tools/bundle.ts';
import { mixedCorpus } from './corpus.ts';
import { measure, median, type Cost } from './measure.ts';

const RUNS = Number(process.argv[2] ?? 5);
const MIB = 2 ** 20;
const MEMBERS = 'bench/unpack-members';
const ROOT = join(import.meta.dirname, '..');
const PAGE = join(import.meta.dirname, '../docs/performance.md');
const BEGIN = '<!-- unpacked: begin -->';
const END = '<!-- unpacked: end -->';

interface Row {
  readonly file: string;
  readonly make: string;
  readonly formats: readonly string[];
  readonly other: (path: string) => string;
  readonly aim: number;
}

const BSDTAR = (path: string): string => `bsdtar -xOf ${path} | sha256sum`;
const SEVEN_ZIP = (path: string): string => `7zz x -so ${path} | sha256sum`;

const ROWS: readonly Row[] = [
  { file: 'a.tar', make: 'tar -cf a.tar tree', formats: ['tar'], other: BSDTAR, aim: 1.3 },
  { file: 'a.tar.gz', make: 'tar -czf a.tar.gz tree', formats: ['gzip', 'tar'], other: BSDTAR, aim: 1.3 },
  {
    file: 'a.tar.zst',
    make: 'tar -cf - tree | zstd -q -o a.tar.zst',
    formats: ['zstd', 'tar'],
    other: BSDTAR,
    aim: 1.3,
  },
  {
    file: 'a.tar.lz4',
    make: 'tar -cf - tree | lz4 -q - a.tar.lz4',
    formats: ['lz4', 'tar'],
    other: BSDTAR,
    aim: 1.3,
  },
  {
    file: 'a.tar.xz',
    make: 'tar -cf - tree | xz -1 -T2 > a.tar.xz',
    formats: ['xz', 'tar'],
    other: BSDTAR,
    aim: 1.6,
  },
  {
    file: 'a.tar.bz2',
    make: 'tar -cf - tree | bzip2 -1 > a.tar.bz2',
    formats: ['bzip2', 'tar'],
    other: BSDTAR,
    aim: 1.6,
  },
  { file: 'a.zip', make: 'zip -qr a.zip tree', formats: ['zip'], other: BSDTAR, aim: 1.3 },
  { file: 'a.7z', make: '7zz a -mx=1 a.7z tree', formats: ['7z'], other: SEVEN_ZIP, aim: 1.6 },
];

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    // As it is shipped: nobody who unpacks much runs the sources.
    await bundle(join(folder, 'dist'), { [MEMBERS]: `${MEMBERS}.ts` });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    mkdirSync(join(folder, 'tree'));
    const size = await mixedCorpus(join(folder, 'tree'), { seed: 2026, totalBytes: 300 * MIB, archived: 0 });
    const lines = [
      `${size.files} files, ${(size.bytes / MIB).toFixed(0)} MiB, median of ${RUNS}; ours includes the start of Node.js`,
      '',
      '| archive | ours: CPU s | wall s | peak MiB (RSS) | theirs | CPU s | wall s | wall, ours : theirs | CPU | aim |',
      '|---|---|---|---|---|---|---|---|---|---|',
    ];
    for (const row of ROWS) {
      spawnSync('sh', ['-ec', row.make], { cwd: folder, stdio: 'ignore' });
      const line = await compared(row, folder);
      process.stdout.write(`${line}\n`);
      lines.push(line);
      rmSync(join(folder, row.file));
    }
    const text = lines.join('\n');
    process.stdout.write(`${text}\n`);
    const page = readFileSync(PAGE, 'utf8');
    const [before = ''] = page.split(BEGIN);
    const [, after = ''] = page.split(END);
    writeFileSync(PAGE, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compared({ file, formats, other, aim }: Row, folder: string): Promise<string> {
  const path = join(folder, file);
  const ours: Cost[] = [];
  const theirs: Cost[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const mine = await measure(
      [process.execPath, join(folder, 'dist', `${MEMBERS}.js`), path, ...formats],
      null,
      true,
    );
    if (mine.code !== 0) throw new Error(`${file}: code ${mine.code}`);
    const yours = await measure(['sh', '-c', other(path)], null);
    if (run === 0) continue; // The first warms the page cache.
    ours.push(mine);
    theirs.push(yours);
  }
  const ratio = (what: 'cpu' | 'wall'): string =>
    median(ours.map((cost, run) => cost[what] / (theirs[run]?.[what] ?? Number.NaN))).toFixed(2);
  const cells = [
    file,
    middle(ours, 'cpu').toFixed(2),
    middle(ours, 'wall').toFixed(2),
    middle(ours, 'rss').toFixed(0),
    `\`${other(file).replace('|', '\\|')}\``,
    middle(theirs, 'cpu').toFixed(2),
    middle(theirs, 'wall').toFixed(2),
    `**${ratio('wall')}**`,
    ratio('cpu'),
    `≤ ${aim}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function middle(costs: readonly Cost[], what: 'cpu' | 'wall' | 'rss'): number {
  return median(costs.map((cost) => cost[what]));
}

await main();
