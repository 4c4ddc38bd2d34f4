import { randomBytes } from 'node:crypto';
import type { CacheState, CacheUsage, Entry, VerdictCache } from '../../cache/index.ts';
import type { Outcome } from '../../analyze/index.ts';
import type { FileIdentity } from '../../intake/index.ts';
import type { Asked, Judged, Stamp, TreeOutcome, VerdictSetup, WorkerSetup } from '../protocol.ts';
import { HELD_BYTES } from '../held-bytes.ts';
import { JUDGE_BYTES } from './folder-page.ts';
import { isSameJudge, type Judges, type JudgesFrom } from './judges.ts';
import { checkAsked, mayBeKept, packOutcome, packTree, unpackOutcome, unpackTree } from './kept.ts';

export interface BookOptions {
  /** Closed with the book. */
  readonly cache: VerdictCache;
  /** Asks everybody who they are now. */
  readonly judges: (remembered: Remembered) => Promise<Judges>;
  /** Whose word is kept has changed: workers are to hear of it. */
  readonly changed: () => void;
  /** Something is wrong with the cache, or more than before. */
  readonly told?: (state: CacheState) => void;
}

/** What one look at the engines leaves for the next. */
export type Remembered = Pick<JudgesFrom, 'epoch' | 'when'>;

/** What waits until whoever judged it was seen to be still the same. */
interface Waiting {
  readonly entry: Entry;
  /** An engine's name; `null`: all of them together; `undefined`: nobody. */
  readonly by: string | null | undefined;
  /** As they were when it was begun. */
  readonly judges: Judges;
}

const FLUSH_MS = 5000;
/** Written at once; so many more may wait beside them while engines are asked who they are. */
const MAX_WAITING = 5000;
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/** Contents of one size under one name, of which one may be the file's. */
const MAX_CANDIDATES = 64;
const HINT_BYTES = 16;
/** A change within so many ms of the look may have come after it, in the same tick of the file system's clock (ATTACKS A11). */
const SETTLED_MS = 2000;

/**
 * What was found out before: what one engine said of one content, what a whole tree came to, and which content a file had when its
 * metadata were these. Kept only when whoever judged is seen to be the same before and after (ATTACKS A6).
 */
export class VerdictBook {
  readonly #cache: VerdictCache;
  readonly #options: BookOptions;
  readonly #timer: NodeJS.Timeout;
  #judges: Judges;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  readonly #recent = new Map<string, Entry>();
  #flushing: Promise<void> | null = null;
  /** What was last told of the cache. */
  #said = '';
  #tooMany = 0;

  private constructor(cache: VerdictCache, options: BookOptions, judges: Judges) {
    this.#cache = cache;
    this.#options = options;
    this.#judges = judges;
    this.#timer = setInterval(() => void this.flush(), FLUSH_MS);
    this.#timer.unref();
    this.#say();
  }

  /** Never rejects: a cache that cannot be used is one that knows nothing. */
  static async open(options: BookOptions): Promise<VerdictBook> {
    const { cache } = options;
    return new VerdictBook(cache, options, await options.judges(rememberedIn(cache)));
  }

  /** For workers. */
  get setup(): VerdictSetup {
    return this.#cache.state.off === null ? this.#judges.engines : {};
  }

  /** Whoever judges now, for `keepTree`. */
  get judges(): Judges {
    return this.#judges;
  }

  get state(): CacheState {
    const { state } = this.#cache;
    return { ...state, not_kept: state.not_kept + this.#tooMany };
  }

  get usage(): CacheUsage {
    return this.#cache.usage;
  }

  /** What engines said of these. Throws for what no worker asks. */
  find(asked: readonly Asked[]): (Outcome | null)[] {
    return asked.map((one) => {
      checkAsked(one);
      const { engine, judge } = one;
      if (this.#judges.engines[engine]?.judge !== judge) return null;
      const value = this.#get('engine', this.#engineKey(one));
      return value === null ? null : unpackOutcome(value);
    });
  }

  /** Whether some content of that size was judged. Only of those that an engine is handed while they are read. Throws for no size. */
  mayKnow(size: number): boolean {
    if (!Number.isSafeInteger(size)) throw new Error('a question that no worker asks');
    return size > HELD_BYTES && this.#get('fact', this.#sizeKey(size)) !== null;
  }

  /** Throws for what no worker says. */
  keep(judged: readonly Judged[]): void {
    for (const one of judged) {
      checkAsked(one);
      const { outcome, engine, judge } = one;
      if (this.#judges.engines[engine]?.judge !== judge || outcome.misses.length > 0) continue;
      this.#wait('engine', this.#engineKey(one), packOutcome(outcome), engine, this.#judges);
      if (one.size > HELD_BYTES && !this.mayKnow(one.size))
        this.#wait('fact', this.#sizeKey(one.size), Buffer.alloc(1), undefined, this.#judges);
    }
  }

  /** SHA-256 of contents of that size under that name, of which it is known what they come to. */
  candidates(name: string, size: number): Buffer[] {
    const hint = this.#hint(name, size);
    if (hint === null) return [];
    const recent = [...this.#recent.values()]
      .filter(({ kind, key }) => kind === 'tree' && hint.equals(key.subarray(0, HINT_BYTES)))
      .map(({ key }) => Buffer.from(key.subarray(HINT_BYTES)));
    return [...recent, ...this.#cache.after('tree', hint, MAX_CANDIDATES)].slice(0, MAX_CANDIDATES);
  }

  /** What a file of that name and content comes to, and when that was found out; null: nobody knows. */
  tree(name: string, size: number, sha256: Buffer): { outcome: TreeOutcome; made: number } | null {
    const hint = this.#hint(name, size);
    if (hint === null) return null;
    const value = this.#get('tree', Buffer.concat([hint, sha256]));
    if (value === null) return null;
    // Its first bytes are when.
    return { made: value.readDoubleLE(0), outcome: unpackTree(value.subarray(8)) };
  }

  /** Unless something kept it from being examined as another time would. `judges`: those of when it was begun. */
  keepTree(name: string, outcome: TreeOutcome, judges: Judges): void {
    const { size, sha256 } = outcome.root;
    if (size === null || sha256 === null || !mayBeKept(outcome)) return;
    const hint = this.#hint(name, size, judges);
    if (hint === null) return;
    const made = Buffer.alloc(8);
    made.writeDoubleLE(Date.now());
    const value = Buffer.concat([made, packTree(outcome)]);
    this.#wait('tree', Buffer.concat([hint, Buffer.from(sha256, 'hex')]), value, null, judges);
  }

  /** SHA-256 of the content that the file had when its metadata were these; null: nobody knows. */
  content(fileSystem: Buffer, { ino, ...metadata }: FileIdentity): Buffer | null {
    const value = this.#get('file', fileKey(fileSystem, ino));
    if (value === null || value.length !== STAMP_BYTES + 32) return null;
    return value.subarray(0, STAMP_BYTES).equals(stampBytes(metadata)) ? value.subarray(STAMP_BYTES) : null;
  }

  /** Only of what `isSettled`. */
  keepContent(fileSystem: Buffer, { identity }: Stamp, sha256: Buffer): void {
    const value = Buffer.concat([stampBytes(identity), sha256]);
    this.#wait('file', fileKey(fileSystem, identity.ino), value, undefined, this.#judges);
  }

  /** As pages name whoever judges; null: nobody whose word may be kept. */
  pageJudge({ tree }: Judges): Buffer | null {
    return tree === null ? null : this.#cache.keyOf('page', tree).subarray(0, JUDGE_BYTES);
  }

  /** Whoever judged it stands in it. */
  page(place: PagePlace): Buffer | null {
    return this.#get('page', pageKey(place));
  }

  keepPage(place: PagePlace, page: Buffer, judges: Judges): void {
    this.#wait('page', pageKey(place), page, null, judges);
  }

  /** A file had another content under the same metadata: no metadata of before are believed any more. */
  distrustMetadata(): void {
    this.#drop(({ kind }) => kind === 'file' || kind === 'page');
    this.#cache.forget('file');
    this.#cache.forget('page');
  }

  /** The same content came to something else: nothing of before is believed any more. */
  distrustAll(): void {
    this.#drop(() => true);
    this.#cache.forget(null);
  }

  /** Something may have changed that nobody can see: a database of signatures elsewhere. */
  newEpoch(): void {
    this.#cache.keep([epochEntry(this.#cache)]);
  }

  /** Asks who judges now, and writes what they have judged all the time. Never rejects. */
  async flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = null;
    });
    return this.#flushing;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flushing;
    await this.flush();
    await this.#cache.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #flush(): Promise<void> {
    const before = this.#judges;
    const due = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const now = await this.#options.judges(rememberedIn(this.#cache));
    const kept = due.filter(
      ({ by, judges }) =>
        by === undefined || (isSameJudge(judges, before, by) && isSameJudge(before, now, by)),
    );
    this.#cache.keep(kept.map(({ entry }) => entry));
    for (const { entry } of due) {
      const key = recentKey(entry.kind, entry.key);
      if (this.#recent.get(key) === entry) this.#recent.delete(key);
    }
    this.#judges = now;
    this.#say();
    if (JSON.stringify(before.engines) !== JSON.stringify(now.engines)) this.#options.changed();
  }

  #say(): void {
    const { state } = this;
    const said = JSON.stringify(state);
    const isWell = state.off === null && state.put_aside === null && state.refused + state.not_kept === 0;
    if (!isWell && said !== this.#said) this.#options.told?.(state);
    this.#said = said;
  }

  #wait(kind: Entry['kind'], key: Buffer, value: Buffer, by: Waiting['by'], judges: Judges): void {
    if (this.#cache.state.off !== null) return;
    if (this.#waiting.length >= 2 * MAX_WAITING || this.#waitingBytes >= 2 * MAX_WAITING_BYTES) {
      this.#tooMany++;
      return;
    }
    const entry: Entry = { kind, key, value, made: Date.now() };
    this.#waiting.push({ entry, by, judges });
    this.#waitingBytes += value.length;
    this.#recent.set(recentKey(kind, key), entry);
    if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES) void this.flush();
  }

  #drop(which: (entry: Entry) => boolean): void {
    this.#waiting = this.#waiting.filter(({ entry }) => !which(entry));
    for (const [key, entry] of this.#recent) if (which(entry)) this.#recent.delete(key);
  }

  #get(kind: Entry['kind'], key: Buffer): Buffer | null {
    const recent = this.#recent.get(recentKey(kind, key));
    if (recent !== undefined) return Buffer.from(recent.value);
    return this.#cache.get(kind, key, kind === 'file' || kind === 'page' ? 0 : this.#judges.not_before);
  }

  #engineKey({ engine, judge, sha256, size, beside }: Asked): Buffer {
    return this.#cache.keyOf('engine', engine, judge, sha256, size, beside);
  }

  #sizeKey(size: number): Buffer {
    return this.#cache.keyOf('size', size);
  }

  #hint(name: string, size: number, { tree }: Judges = this.#judges): Buffer | null {
    return tree === null ? null : this.#cache.keyOf('tree', tree, name, size).subarray(0, HINT_BYTES);
  }
}

/** No change after the look could leave the file with the same times. */
export function isSettled({ identity, looked_at: lookedAt }: Stamp): boolean {
  return Number(identity.ctime_ns / 1_000_000n) <= lookedAt - SETTLED_MS;
}

/** Of a worker's setup. */
export function keptBy(book: VerdictBook | null): Pick<WorkerSetup, 'verdicts'> {
  return book === null ? {} : { verdicts: book.setup };
}

const STAMP_BYTES = 24;

function stampBytes({ size, mtime_ns, ctime_ns }: Omit<FileIdentity, 'dev' | 'ino'>): Buffer {
  const bytes = Buffer.alloc(STAMP_BYTES);
  for (const [index, value] of [size, mtime_ns, ctime_ns].entries())
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 8 * index);
  return bytes;
}

function fileKey(fileSystem: Buffer, ino: bigint): Buffer {
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(BigInt.asUintN(64, ino));
  return Buffer.concat([fileSystem, number]);
}

/** One of the pages of a folder. */
export interface PagePlace {
  readonly file_system: Buffer;
  readonly ino: bigint;
  readonly number: number;
}

function pageKey({ file_system, ino, number }: PagePlace): Buffer {
  const page = Buffer.alloc(4);
  page.writeUInt32BE(number);
  return Buffer.concat([fileKey(file_system, ino), page]);
}

function recentKey(kind: Entry['kind'], key: Uint8Array): string {
  return `${kind} ${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')}`;
}

function rememberedIn(cache: VerdictCache): Remembered {
  const now = Date.now();
  const seenSince = (id: string): number => {
    const key = cache.keyOf('seen', id);
    const since = cache.get('fact', key);
    if (since !== null) return since.readDoubleLE(0);
    const value = Buffer.alloc(8);
    value.writeDoubleLE(now);
    cache.keep([{ kind: 'fact', key, value, made: now }]);
    return now;
  };
  return { epoch: epochOf(cache), when: { now, seenSince } };
}

function epochOf(cache: VerdictCache): string {
  const key = cache.keyOf('epoch');
  const known = cache.get('fact', key);
  if (known !== null) return known.toString('hex');
  const entry = epochEntry(cache);
  cache.keep([entry]);
  return Buffer.from(entry.value).toString('hex');
}

function epochEntry(cache: VerdictCache): Entry {
  return { kind: 'fact', key: cache.keyOf('epoch'), value: randomBytes(16), made: Date.now() };
}
