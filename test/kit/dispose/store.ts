import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Folders } from '../../../src/config/folders/index.ts';
import {
  applyDisposition,
  deleteFromQuarantine,
  recoverDispositions,
  restoreFromQuarantine,
  type Disposition,
  type DispositionRequest,
  type Ledger,
  type Recovered,
  type Restored,
  type RestoreRequest,
} from '../../../src/dispose/index.ts';
import type { Decision, JournalRecord } from '../../../src/domain/index.ts';
import {
  openStore,
  type FileIdentity,
  type JournalCheck,
  type Store as DataStore,
} from '../../../src/store/index.ts';
import { result } from '../sample-report.ts';

/** What a request needs of a store. */
export interface Places {
  readonly quarantineDir: string;
  readonly reviewDir: string | null;
  readonly approvedDir: string | null;
  readonly incomingDir?: string | null;
  readonly ledger: Ledger;
}

/** Room for one test: a source folder, the managed folders (not made yet), and a real store. */
export class Store implements Places {
  readonly root: string;
  readonly incoming: string;
  readonly quarantineDir: string;
  readonly reviewDir: string;
  /** Not set: what is approved stays where it is. */
  approvedDir: string | null = null;
  /** Not set: what is approved keeps its name, and nothing of its path. */
  incomingDir: string | null = null;
  /** Of the store; may be changed while that is closed. */
  dataDir: string;
  #data: DataStore | null = null;

  constructor(parent: string) {
    this.root = mkdtempSync(join(parent, 'backuplens-dispose-'));
    this.incoming = mkdtempSync(join(this.root, 'incoming-'));
    this.quarantineDir = join(this.root, 'quarantine');
    this.reviewDir = join(this.root, 'review');
    this.dataDir = join(this.root, 'data');
  }

  get data(): DataStore {
    if (this.#data === null) throw new Error('the store is closed');
    return this.#data;
  }

  get ledger(): Ledger {
    return this.data.ledger;
  }

  /** With other folders. */
  with(over: Partial<Pick<Places, 'quarantineDir' | 'reviewDir' | 'approvedDir'>>): Places {
    const { quarantineDir, reviewDir, approvedDir } = this;
    return { quarantineDir, reviewDir, approvedDir, ledger: this.ledger, ...over };
  }

  /** As the commands get them from the configuration. */
  get folders(): Folders {
    const { dataDir, quarantineDir, reviewDir, approvedDir } = this;
    return { dataDir, incomingDir: this.incoming, quarantineDir, reviewDir, approvedDir, restoreRoots: null };
  }

  /** For child.ts, which must get the store to itself. */
  get where(): string {
    const { dataDir, quarantineDir, reviewDir, approvedDir, incomingDir } = this;
    return JSON.stringify({ dataDir, quarantineDir, reviewDir, approvedDir, incomingDir });
  }

  /** A child process gets the store in between. */
  async close(): Promise<void> {
    await this.#data?.close();
    this.#data = null;
  }

  async open(): Promise<void> {
    this.#data ??= await openData(this.dataDir);
  }

  async remove(): Promise<void> {
    await this.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}

export async function openData(dataDir: string, waitMs = 0): Promise<DataStore> {
  return openStore({ dataDir, who: 'a test', what: 'a test', waitMs, leftOver: async () => null });
}

export async function newStore(parent: string = tmpdir()): Promise<Store> {
  const store = new Store(parent);
  await store.open();
  return store;
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** As `fstat` has it now. */
export function identityOf(path: string | Buffer): FileIdentity {
  const { dev, ino, size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
  return { dev, ino, size, mtime_ns: mtimeNs, ctime_ns: ctimeNs };
}

/** What a scan of the file as it is now would ask for. */
export function requestFor(
  store: Places,
  path: string | Buffer,
  decision: Decision,
  hash = sha256(readFileSync(path)),
): DispositionRequest {
  const { dev, ino, size } = lstatSync(path, { bigint: true });
  const { quarantineDir, reviewDir, approvedDir, incomingDir = null, ledger } = store;
  return {
    path: Buffer.from(path),
    identity: { dev, ino, size: Number(size) },
    sha256: hash,
    decision,
    places: { quarantineDir, reviewDir, approvedDir, incomingDir },
    report: result(String(path), { decision, verdict: 'malicious', score: 200, reasons: ['a test rule'] }),
    ledger,
    file: null,
    scan: '20261128T120000000Z-5ca05ca05ca0',
    who: 'a test',
    why: null,
    held: null,
    now: new Date(),
    toolVersion: '0.1.0',
  };
}

export async function dispose(request: DispositionRequest): Promise<Disposition> {
  return (await applyDisposition(request)).disposition;
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
  return dispose(requestFor(store, path, decision));
}

export async function restore(
  { ledger }: Pick<Places, 'ledger'>,
  item: string | null,
  options: Partial<RestoreRequest> = {},
): Promise<Restored> {
  return restoreFromQuarantine({
    ledger,
    item: item ?? '',
    roots: null,
    managed: {},
    who: 'a test',
    why: null,
    ...options,
  });
}

export async function erase(
  { ledger }: Pick<Places, 'ledger'>,
  item: string | null,
  reason: string,
): Promise<boolean> {
  return deleteFromQuarantine({ ledger, item: item ?? '', who: 'a test', reason });
}

export async function recover({ ledger }: Pick<Places, 'ledger'>): Promise<readonly Recovered[]> {
  return recoverDispositions(ledger);
}

/** What stands in a folder, but for the name of its owner; nothing where there is none. */
export function entries(folder: string): string[] {
  const all = existsSync(folder) ? readdirSync(folder) : [];
  return all.filter((name) => name !== '.backuplens-owner.json').toSorted();
}

/** What was journalled but for the making of the store. */
export async function journal({ data }: Store): Promise<readonly JournalRecord[]> {
  const all = await data.journal.read({ after: 0, limit: 10_000 });
  return all.filter(({ action }) => action !== 'store_made');
}

export async function verify({ data }: Store): Promise<JournalCheck> {
  return data.journal.verify();
}
