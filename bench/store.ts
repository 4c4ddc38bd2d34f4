/**
 * `npm run bench:store`: what the store costs in rows and bytes, on results of real scans. Scans a folder with the program
 * itself, enters its results as the service does, and asks SQLite how many bytes each table and index take. Writes the table
 * of docs/store.md.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { constants, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { openStoreForReading } from '../src/store/index.ts';
import { infected, newInstallation, startService } from '../test/kit/pipeline-service.ts';

const FILES = Number(process.argv[2] ?? 1000);
const PAGE = join(import.meta.dirname, '../docs/store.md');
const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

/** Names as long as people give them, mostly clean, some of everything else. */
function put(folder: string): void {
  for (let number = 0; number < FILES; number++) {
    const kind = number % 20;
    const text = kind === 1 ? infected(String(number)) : `nothing to see in ${number}, `.repeat(20);
    const where = join(folder, `host-${number % 7}`, 'var/lib/dumps');
    mkdirSync(where, { recursive: true });
    const bytes = kind < 4 ? gzipSync(text) : Buffer.from(text);
    writeFileSync(join(where, `nightly-2026-11-28-${number}.${kind < 4 ? 'txt.gz' : 'txt'}`), bytes);
  }
}

interface Taken {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Tables with their indexes, in pages that are theirs: what is free inside a page counts. */
function sizesIn(file: string): Taken[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database
      .prepare(
        `select m.tbl_name as name, sum(s.pgsize) as bytes from dbstat s join sqlite_schema m on m.name = s.name
         where s.aggregate = true group by m.tbl_name order by bytes desc`,
      )
      .all();
    return tables.map(({ name, bytes }) => {
      const count = database.prepare(`select count(*) as n from "${String(name)}"`).get();
      return { name: String(name), rows: Number(count?.['n']), bytes: Number(bytes) };
    });
  } finally {
    database.close();
  }
}

/** What storing a report costs beside its bytes: JSON text, and the time that zstd takes at the store's level. */
function packing(rows: readonly Record<string, unknown>[]): string {
  const texts = rows.map(({ report }) =>
    report instanceof Uint8Array ? zstdDecompressSync(report) : Buffer.alloc(0),
  );
  const plain = texts.reduce((sum, text) => sum + text.length, 0);
  const params = { [constants.ZSTD_c_compressionLevel]: 3 };
  const began = performance.now();
  const small = texts.reduce((sum, text) => sum + zstdCompressSync(text, { params }).length, 0);
  const each = (performance.now() - began) / rows.length;
  return `As JSON a report is ${Math.round(plain / rows.length)} bytes; zstd leaves ${Math.round((100 * small) / plain)} % of it in ${each.toFixed(3)} ms.`;
}

async function main(): Promise<void> {
  const at = newInstallation({ LOG_LEVEL: 'warn', QUARANTINE_PER_RULE: '1000000' });
  put(at.incoming);
  const began = performance.now();
  const service = await startService({ ...at.env, LOG_LEVEL: 'info' });
  await service.until(async () => {
    const store = await openStoreForReading({ dataDir: at.data });
    const { files } = await store.counts();
    await store.close();
    return files.in_place + files.held + files.quarantined === FILES;
  }, `${FILES} files`);
  const seconds = (performance.now() - began) / 1000;
  await service.stop();
  const copy = join(mkdtempSync(join(tmpdir(), 'bench-store-')), 'store.sqlite');
  try {
    const database = new DatabaseSync(join(at.data, 'store.sqlite'));
    database.prepare('vacuum into ?').run(copy);
    const reports = database
      .prepare('select avg(length(report)) as mean, max(length(report)) as most from scans')
      .get();
    const packed = packing(database.prepare('select report from scans').all());
    const bases = database.prepare('select avg(length(basis)) as mean from scan_bases').get();
    database.close();
    const sizes = sizesIn(copy);
    const whole = statSync(copy).size;
    const perFile = whole / FILES;
    const rows = sizes
      .filter(({ rows: some }) => some > 10)
      .map(({ name, rows: some, bytes }) => {
        return `| \`${name}\` | ${(some / FILES).toFixed(2)} | ${Math.round(bytes / some)} | ${Math.round(bytes / FILES)} |`;
      });
    const text = [
      `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, Node.js ${process.version}: ${FILES} new files (mean path 65 bytes, 5 % infected, 20 % compressed), decided in ${Math.round(seconds)} s.`,
      '',
      '| table, with its indexes | rows a file | bytes a row | bytes a file |',
      '| --- | --- | --- | --- |',
      ...rows,
      `| together | | | **${Math.round(perFile)}** |`,
      '',
      packed,
      `A report is ${Math.round(Number(reports?.['mean']))} bytes under zstd in the mean, ${String(reports?.['most'])} at most here; what it was judged from ${Math.round(Number(bases?.['mean']))}.`,
      `So a day of 1,000 new files adds ${mib(1000 * perFile)} MiB, one of 100,000 adds ${mib(100_000 * perFile)} MiB.`,
    ].join('\n');
    console.log(text);
    const page = readFileSync(PAGE, 'utf8');
    const [head, tail] = [page.split(BEGIN)[0], page.split(END)[1]];
    if (head !== undefined && tail !== undefined)
      writeFileSync(PAGE, `${head}${BEGIN}\n\n${text}\n\n${END}${tail}`);
    execFileSync('npx', ['prettier', '--write', '--log-level', 'warn', PAGE]);
  } finally {
    rmSync(join(copy, '..'), { recursive: true });
    at.remove();
  }
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 2 ** 24 ? 1 : 0);
}

await main();
