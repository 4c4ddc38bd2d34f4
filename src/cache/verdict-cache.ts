import { randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { openManagedFolder, type Folder } from '../bytes/index.ts';
import { inWords } from '../domain/index.ts';
import { isDamage, isOurs, numberOf, openDatabase, putAside } from './database.ts';
import { ENTRY_KINDS, isSealed, seal, type Entry, type EntryKind } from './entry.ts';
import { Mac } from './mac.ts';
import { secretIn } from './secret.ts';

export interface CacheOptions {
  /** Its own folder and name: made where there are none. */
  readonly folder: string;
  readonly name: string;
  /** Where its key is kept: a folder that only its owner may change. */
  readonly key_folder: string;
  /** Nobody else puts files there: whatever is in its place may be put aside. Otherwise only what begins as a cache. */
  readonly own_folder: boolean;
  /** Whose it is, as part of every seal: entries of the service are nothing to the command line, and the other way round. */
  readonly domain: string;
  /** Above it, what was of no use for longest goes. In bytes. */
  readonly max_bytes: number;
  /** In ms since 1970. */
  readonly now?: () => number;
  /** Told before each step of a write, by tests that end the process there. */
  readonly onStep?: (step: 'begun' | 'written' | 'committed') => void;
}

/** What there is to say of it. */
export interface CacheState {
  readonly path: string;
  /** Why nothing is read or kept; null: it works. */
  readonly off: string | null;
  /** Where a damaged one was put; null: there was none. */
  readonly put_aside: string | null;
  /** Entries that somebody else has written or changed: not believed, and removed. */
  readonly refused: number;
  /** Entries that could not be kept: the disk is full, or another one was busy writing. */
  readonly not_kept: number;
}

export interface CacheUsage {
  /** What its entries take; null when that cannot be read. */
  readonly bytes: number | null;
  /** Entries that made room for others, since it was opened. */
  readonly evicted: number;
}

const HOUR_MS = 3_600_000;
/** Entries that are larger are not worth their place. */
const MAX_VALUE_BYTES = 1024 * 1024;
/** Uses that are noted at once, beside what is written. */
const MAX_TOUCHED = 50_000;
/** Of all entries, when one too many came. */
const EVICTED_SHARE = 0.1;
const EVICTED_AT_ONCE = 20_000;
/** Failures in a row after which it is left alone for the rest of the run. */
const MANY_FAILURES = 5;

/**
 * Entries in a file of their own, each sealed with a key that only their owner has. Nothing that happens to it stops a scan: what
 * cannot be read is a miss, what cannot be written is found out again, what is damaged is put aside; `state` says so.
 */
export class VerdictCache {
  readonly #options: CacheOptions;
  readonly #folder: Folder | null;
  readonly #mac: Mac;
  readonly #domain: Buffer;
  readonly #now: () => number;
  #open: Opened | null;
  readonly #path: string;
  #off: string | null;
  #aside: string | null = null;
  #refused = 0;
  #notKept = 0;
  #evicted = 0;
  #failures = 0;
  /** A damaged one, on its way aside. */
  #moving: Promise<void> | null = null;
  readonly #touched = new Map<string, { kind: EntryKind; key: Buffer }>();

  private constructor(
    options: CacheOptions,
    folder: Folder | null,
    secret: Buffer,
    { database, off, aside }: { database: DatabaseSync | null; off: string | null; aside: string | null },
  ) {
    this.#options = options;
    this.#folder = folder;
    this.#mac = new Mac(secret);
    this.#domain = Buffer.from(options.domain);
    this.#now = options.now ?? Date.now;
    this.#path = `${options.folder}/${options.name}`;
    this.#open = database === null ? null : new Opened(database);
    this.#off = off;
    this.#aside = aside;
  }

  /** Never rejects: one that cannot be used says why in `state`. */
  static async open(options: CacheOptions): Promise<VerdictCache> {
    let folder: Folder | null = null;
    let secret: Buffer = randomBytes(32);
    try {
      folder = await openManagedFolder(options.folder, 'make');
      const keys = await openManagedFolder(options.key_folder, 'make');
      try {
        secret = await secretIn(keys);
      } finally {
        await keys.close();
      }
      return new VerdictCache(options, folder, secret, await opened(folder, options));
    } catch (error) {
      await folder?.close();
      return new VerdictCache(options, null, secret, { database: null, off: inWords(error), aside: null });
    }
  }

  get state(): CacheState {
    return {
      path: this.#path,
      off: this.#off,
      put_aside: this.#aside,
      refused: this.#refused,
      not_kept: this.#notKept,
    };
  }

  /** A key that tells nobody what it is made of: names, passwords and hashes of what was scanned stay here. 32 bytes. */
  keyOf(...parts: readonly (string | number)[]): Buffer {
    return this.#mac.of(Buffer.from(JSON.stringify(parts)));
  }

  /** Null: nothing is known, nothing newer than `notBefore` (ms since 1970), or what is there is not ours. */
  get(kind: EntryKind, key: Buffer, notBefore = 0): Buffer | null {
    const row = this.#try((open) => open.get.get(ENTRY_KINDS[kind], key));
    if (row === null || row === undefined) return null;
    const { value, made, seal: given, used } = row;
    const isRow =
      value instanceof Uint8Array &&
      given instanceof Uint8Array &&
      typeof made === 'number' &&
      typeof used === 'number';
    if (!isRow || !isSealed({ kind, key, value, made }, given, this.#mac, this.#domain)) {
      this.#refuse(kind, key);
      return null;
    }
    // A clock that was set back: what comes from the future is of no known age.
    if (made < notBefore || made > this.#now() + HOUR_MS) return null;
    if (used !== this.#hour() && this.#touched.size < MAX_TOUCHED) {
      this.#touched.set(`${kind} ${key.toString('latin1')}`, { kind, key });
    }
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }

  /** What follows `prefix` in the keys that begin with it, what was of use last first. Whether they are ours, `get` tells. */
  after(kind: EntryKind, prefix: Buffer, limit: number): Buffer[] {
    const end = Buffer.concat([prefix, Buffer.alloc(64, 0xff)]);
    const rows = this.#try((open) => open.after.all(ENTRY_KINDS[kind], prefix, end, limit)) ?? [];
    return rows.flatMap(({ key }) =>
      key instanceof Uint8Array ? [Buffer.from(key).subarray(prefix.length)] : [],
    );
  }

  /** Keeps all of them or, where that cannot be done now, none. */
  keep(entries: readonly Entry[]): void {
    const kept = entries.filter(({ value }) => value.length <= MAX_VALUE_BYTES);
    const touched = [...this.#touched.values()];
    if (kept.length + touched.length === 0) return;
    const { onStep } = this.#options;
    const hour = this.#hour();
    const done = this.#try((open) => {
      onStep?.('begun');
      open.inOne(() => {
        for (const entry of kept) {
          const { kind, key, value, made } = entry;
          open.put.run(ENTRY_KINDS[kind], key, value, made, seal(entry, this.#mac, this.#domain), hour);
        }
        for (const { kind, key } of touched) open.touch.run(hour, ENTRY_KINDS[kind], key);
        onStep?.('written');
      });
      onStep?.('committed');
      this.#evict(open);
      return true;
    });
    if (done === true) this.#touched.clear();
    else this.#notKept += kept.length;
  }

  /** Forgets all entries of a kind; without one, all there are. */
  forget(kind: EntryKind | null): void {
    this.#try((open) => {
      open.inOne(() => (kind === null ? open.clear.run() : open.forget.run(ENTRY_KINDS[kind])));
      open.database.exec('PRAGMA incremental_vacuum');
    });
  }

  get usage(): CacheUsage {
    return { bytes: this.#try((open) => open.size()), evicted: this.#evicted };
  }

  /** How many entries there are, and what they take in bytes. Null when that cannot be read. */
  figures(): { readonly entries: number; readonly bytes: number } | null {
    return this.#try((open) => ({
      entries: Number(open.database.prepare('SELECT count(*) AS n FROM entries').get()?.['n']),
      bytes: open.size(),
    }));
  }

  async close(): Promise<void> {
    this.keep([]);
    this.#open?.close();
    this.#open = null;
    this.#off ??= 'closed';
    await this.#moving;
    await this.#folder?.close();
  }

  #hour(): number {
    return Math.floor(this.#now() / HOUR_MS);
  }

  #refuse(kind: EntryKind, key: Buffer): void {
    this.#refused++;
    this.#try((open) => open.remove.run(ENTRY_KINDS[kind], key));
  }

  /** What was of no use for longest goes, a tenth of all at once, so that it seldom has to. */
  #evict(open: Opened): void {
    const { max_bytes: most } = this.#options;
    while (open.size() > most) {
      const entries = Number(open.database.prepare('SELECT count(*) AS n FROM entries').get()?.['n']);
      if (entries === 0) return;
      const many = Math.min(EVICTED_AT_ONCE, Math.ceil(entries * EVICTED_SHARE));
      open.inOne(() => {
        this.#evicted += Number(open.evict.run(many).changes);
      });
      open.database.exec('PRAGMA incremental_vacuum');
    }
  }

  #try<T>(work: (open: Opened) => T): T | null {
    if (this.#open === null) return null;
    try {
      const result = work(this.#open);
      this.#failures = 0;
      return result;
    } catch (error) {
      if (isDamage(error)) this.#leave(error);
      else if (++this.#failures >= MANY_FAILURES) this.#end(inWords(error));
      return null;
    }
  }

  /** Damaged: nothing of it is believed in this run, and the next one finds it put aside. */
  #leave(error: unknown): void {
    this.#end(`it is damaged: ${inWords(error)}`);
    if (this.#folder === null) return;
    this.#aside = `${this.#path}.damaged`;
    this.#moving = this.#putAside(this.#folder);
  }

  async #putAside(folder: Folder): Promise<void> {
    try {
      await putAside(folder, this.#options.name);
    } catch {
      this.#aside = null; // It stays where it is; who opens it next finds it as we did.
    }
  }

  #end(why: string): void {
    this.#off ??= why;
    this.#open?.close();
    this.#open = null;
  }
}

async function opened(
  folder: Folder,
  { name, own_folder }: CacheOptions,
): Promise<{ database: DatabaseSync; off: null; aside: string | null }> {
  try {
    return { database: await openDatabase(folder, name), off: null, aside: null };
  } catch (error) {
    if (!isDamage(error)) throw error;
    if (!own_folder && !(await isOurs(folder, name)))
      throw new Error('it is no cache of BackupLens', { cause: error });
    const aside = await putAside(folder, name);
    return { database: await openDatabase(folder, name), off: null, aside };
  }
}

/** The database with the statements that are needed again and again. Every read is of one row, or of a few keys (ATTACKS D8). */
class Opened {
  readonly database: DatabaseSync;
  readonly get: StatementSync;
  readonly after: StatementSync;
  readonly put: StatementSync;
  readonly touch: StatementSync;
  readonly remove: StatementSync;
  readonly forget: StatementSync;
  readonly clear: StatementSync;
  readonly evict: StatementSync;

  constructor(database: DatabaseSync) {
    this.database = database;
    const prepare = (sql: string): StatementSync => database.prepare(sql);
    this.get = prepare('SELECT value, made, seal, used FROM entries WHERE kind = ? AND key = ?');
    this.after = prepare(
      'SELECT key FROM entries WHERE kind = ? AND key > ? AND key < ? ORDER BY used DESC LIMIT ?',
    );
    this.put = prepare(
      'INSERT OR REPLACE INTO entries (kind, key, value, made, seal, used) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.touch = prepare('UPDATE entries SET used = ? WHERE kind = ? AND key = ?');
    this.remove = prepare('DELETE FROM entries WHERE kind = ? AND key = ?');
    this.forget = prepare('DELETE FROM entries WHERE kind = ?');
    this.clear = prepare('DELETE FROM entries');
    this.evict = prepare(
      'DELETE FROM entries WHERE (kind, key) IN (SELECT kind, key FROM entries ORDER BY used LIMIT ?)',
    );
  }

  inOne(work: () => unknown): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.database.exec('COMMIT');
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }

  /** In bytes. */
  size(): number {
    const of = (pragma: 'page_count' | 'freelist_count' | 'page_size'): number =>
      numberOf(this.database, pragma);
    return (of('page_count') - of('freelist_count')) * of('page_size');
  }

  close(): void {
    try {
      this.database.close();
    } catch {
      // It is damaged: there is nothing left to lose.
    }
  }
}
