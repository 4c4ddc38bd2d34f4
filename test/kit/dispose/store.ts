import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyDisposition, type Disposition, type DispositionRequest } from '../../../src/dispose/index.ts';
import type { Decision } from '../../../src/domain/index.ts';
import { result } from '../sample-report.ts';

/** Room for one test: a source folder, a quarantine folder and a review folder, the latter two not made yet. */
export interface Store {
  readonly root: string;
  readonly incoming: string;
  readonly quarantineDir: string;
  readonly reviewDir: string;
  remove(): void;
}

export function newStore(parent: string = tmpdir()): Store {
  const root = mkdtempSync(join(parent, 'backuplens-dispose-'));
  return {
    root,
    incoming: mkdtempSync(join(root, 'incoming-')),
    quarantineDir: join(root, 'quarantine'),
    reviewDir: join(root, 'review'),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What a scan of the file as it is now would ask for. */
export function requestFor(
  store: { readonly quarantineDir: string; readonly reviewDir: string | null },
  path: string | Buffer,
  decision: Decision,
  hash = sha256(readFileSync(path)),
): DispositionRequest {
  const { dev, ino, size } = lstatSync(path, { bigint: true });
  return {
    path: Buffer.from(path),
    identity: { dev, ino, size: Number(size) },
    sha256: hash,
    decision,
    quarantineDir: store.quarantineDir,
    reviewDir: store.reviewDir,
    report: result(String(path), { decision, verdict: 'malicious', score: 200, reasons: ['a test rule'] }),
    now: new Date(),
    toolVersion: '0.1.0',
  };
}

/** Writes a file and disposes of it. */
export async function disposeOf(
  store: Store,
  name: string,
  bytes: Buffer | string,
  decision: Decision = 'quarantine',
): Promise<Disposition> {
  const path = join(store.incoming, name);
  writeFileSync(path, bytes);
  return applyDisposition(requestFor(store, path, decision));
}

/** What stands in a folder, but for what is always there: the lock and the journal. */
export function entries(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name !== '.lock' && name !== 'journal.ndjson')
    .toSorted();
}

export interface JournalLine {
  readonly action: string;
  readonly id: string;
  readonly who: string;
  readonly time: string;
  readonly detail: string | null;
}

export function journal({ quarantineDir }: Pick<Store, 'quarantineDir'>): JournalLine[] {
  const text = readFileSync(join(quarantineDir, 'journal.ndjson'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line): JournalLine => JSON.parse(line));
}
