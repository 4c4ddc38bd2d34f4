/**
 * `npm run bench:clamav`: files of 4 KB, 1 MB and 100 MB through our client, beside clamdscan on the same files and the same
 * clamd, in the same run. A second clamd, which keeps its streams in memory (TemporaryDirectory on a tmpfs), shows what of it is the
 * disk's. Writes its table of docs/performance.md. `npm run bench:clamav 1`: one run.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eicarTestString } from '../src/analyze/clamav/index.ts';
import { startClamd } from '../test/kit/clamd/real.ts';
import { noise } from '../test/kit/clamd/stream-through.ts';
import { measure, median, type Cost } from './measure.ts';

const RUNS = Number(process.argv[2] ?? 5);
const MIB = 2 ** 20;
/** Five workers, as a service has them, hold up to four each. */
const LANES = 16;
const MEMORY = '/dev/shm';
const CLIENT = join(import.meta.dirname, 'clamav-client.ts');
const PAGE = join(import.meta.dirname, '../docs/performance.md');
const BEGIN = '<!-- clamav: begin -->';
const END = '<!-- clamav: end -->';

const SETS = [
  { name: '4 KB', bytes: 4096, files: 5000 },
  { name: '1 MB', bytes: MIB, files: 200 },
  { name: '100 MB', bytes: 100 * MIB, files: 3 },
] as const;

type Clamd = Awaited<ReturnType<typeof startClamd>>;

async function clamdWith(temporary: string): Promise<Clamd> {
  return startClamd({
    signatures: [{ name: 'Eicar', text: eicarTestString().toString() }],
    settings: {
      StreamMaxLength: '256M',
      MaxFileSize: '256M',
      MaxScanSize: '512M',
      TemporaryDirectory: temporary,
    },
  });
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const memory = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : folder, 'bench-'));
  mkdirSync(join(folder, 'streams'));
  const lines = [
    `${LANES} artifacts at a time over a Unix socket, median of ${RUNS}; ours includes the start of Node.js and a canary for each size`,
    '',
    "| files | clamd's streams | with | files/s | MB/s | CPU s, client and clamd | wall s | ours : theirs, wall | CPU |",
    '|---|---|---|---|---|---|---|---|---|',
  ];
  try {
    for (const [where, temporary] of [
      ['on disk', join(folder, 'streams')],
      ['in memory', memory],
    ] as const) {
      const clamd = await clamdWith(temporary);
      try {
        for (const set of SETS) {
          if (where === 'on disk' || set.bytes <= MIB)
            lines.push(...(await compared(set, where, folder, clamd)));
        }
      } finally {
        await clamd.stop();
      }
    }
    const text = lines.join('\n');
    process.stdout.write(`${text}\n`);
    const page = readFileSync(PAGE, 'utf8');
    const [before = ''] = page.split(BEGIN);
    const [, after = ''] = page.split(END);
    writeFileSync(PAGE, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(memory, { recursive: true, force: true });
  }
}

async function compared(
  { name, bytes, files }: (typeof SETS)[number],
  where: string,
  parent: string,
  clamd: Clamd,
): Promise<string[]> {
  const folder = join(parent, name.replace(' ', ''));
  mkdirSync(folder);
  // Every file another content, none of them of a known type: clamd looks at each as raw data.
  for (let n = 0; n < files; n++) writeFileSync(join(folder, `f${n}`), noise(bytes, n + 1));
  const clamdscan = ['clamdscan', '--no-summary', '--quiet', `--config-file=${clamd.configFile}`];
  const commands = {
    // What is shipped is JavaScript: taking the types away is done once, in the run that is not counted.
    backuplens: [
      'env',
      `NODE_COMPILE_CACHE=${join(parent, 'compiled')}`,
      process.execPath,
      CLIENT,
      clamd.unix.path,
      folder,
      String(LANES),
    ],
    'clamdscan --stream': [...clamdscan, '--stream', folder],
    'clamdscan --fdpass --multiscan': [...clamdscan, '--fdpass', '--multiscan', folder],
  };
  const costs = new Map<string, Cost[]>(Object.keys(commands).map((with_) => [with_, []]));
  for (let run = 0; run <= RUNS; run++) {
    for (const [with_, command] of Object.entries(commands)) {
      const cost = await measure(command, clamd.pid());
      if (cost.code !== 0) throw new Error(`${with_}: code ${cost.code}`);
      if (run > 0) costs.get(with_)?.push(cost); // The first warms the page cache.
    }
  }
  rmSync(folder, { recursive: true });
  const ours = costs.get('backuplens') ?? [];
  return [...costs].map(([with_, all]) => {
    const wall = median(all.map((cost) => cost.wall));
    const ratio = (what: 'cpu' | 'wall'): string =>
      median(ours.map((cost, run) => cost[what] / (all[run]?.[what] ?? Number.NaN))).toFixed(2);
    const cells = [
      `${files} × ${name}`,
      where,
      `\`${with_}\``,
      (files / wall).toFixed(0),
      ((files * bytes) / 1e6 / wall).toFixed(0),
      median(all.map((cost) => cost.cpu)).toFixed(2),
      wall.toFixed(2),
      all === ours ? '' : `**${ratio('wall')}**`,
      all === ours ? '' : ratio('cpu'),
    ];
    return `| ${cells.join(' | ')} |`;
  });
}

await main();
