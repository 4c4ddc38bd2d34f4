import { FileSystems, type CacheState, type FileSystem } from '../../cache/index.ts';
import type { Finding } from '../../domain/index.ts';
import type { FileIdentity, KnownFiles } from '../../intake/index.ts';
import type { EngineWork, Stamp, TreeOutcome } from '../protocol.ts';
import type { Looked, PoolOutcome, RunOptions, WorkerPool, Workers } from '../worker-pool.ts';
import type { Judges } from './judges.ts';
import { mayBeKept } from './kept.ts';
import { isPlain, KnownFolders, type Conclusion, type Noted } from './known-folders.ts';
import { isSettled, type VerdictBook } from './verdict-book.ts';

export interface KnownFirstOptions {
  readonly book: VerdictBook;
  readonly pool: WorkerPool;
  /** Everything is read and judged again; what comes of it is kept all the same. */
  readonly fresh: boolean;
  /** Whether files whose metadata are those of the last scan need not be read. */
  readonly metadata: boolean;
  /** Share of what is known that is examined all the same, and compared; 0 to 1. */
  readonly sample: number;
  /** So many files are told of one by one, also where there is nothing to be said; beyond, unchanged ones may only be counted. */
  readonly one_by_one: number;
  /** Called before anything is given to a worker. */
  readonly wake?: () => Promise<void>;
}

/** How many files were told from what, and what engines were asked. */
export interface CacheWork extends CacheState {
  readonly read: number;
  readonly by_content: number;
  readonly by_metadata: number;
  readonly verified: number;
  readonly mismatched: number;
  readonly asked: Readonly<Record<string, number>>;
  readonly known: Readonly<Record<string, number>>;
}

type Done = Extract<PoolOutcome, { type: 'done' }>;

/** A file on its way. */
interface GivenFile {
  readonly path: Uint8Array;
  readonly name: string;
  readonly size: number;
  readonly options: RunOptions;
  /** null: its metadata say nothing. */
  readonly fileSystem: FileSystem | null;
  /** Those of when it was begun. */
  readonly judges: Judges;
  /** What is known of it by the folder that it lies in. */
  readonly noted: Noted | null;
}

interface Known {
  readonly outcome: TreeOutcome;
  readonly made: number;
  readonly sha256: Buffer;
}

/** Its content when its metadata were these, and since when. */
type Before = Pick<Known, 'made' | 'sha256'>;

/** The scan workers, behind what is known already: a file that is the same is not examined again, and need not even be read. */
export class KnownFirst implements Workers {
  readonly #options: KnownFirstOptions;
  readonly #fileSystems = new FileSystems();
  readonly #folders: KnownFolders;
  #metadata: boolean;
  #content: boolean;
  readonly #counts = { read: 0, by_content: 0, by_metadata: 0, verified: 0, mismatched: 0 };
  readonly #asked: Record<string, number> = {};
  readonly #known: Record<string, number> = {};

  constructor(options: KnownFirstOptions) {
    this.#options = options;
    this.#metadata = options.metadata && !options.fresh;
    this.#content = !options.fresh;
    const { book, one_by_one } = options;
    this.#folders = new KnownFolders({
      book,
      one_by_one,
      fileSystems: this.#fileSystems,
      believed: () => this.#metadata,
      sampled: () => this.#isSampled(),
      passed: (files) => {
        this.#counts.by_metadata += files;
      },
    });
  }

  /** For a walk; null: everything is met. */
  get files(): KnownFiles | null {
    return this.#options.metadata ? this.#folders : null;
  }

  get broken(): string | null {
    return this.#options.pool.broken;
  }

  get closed(): boolean {
    return this.#options.pool.closed;
  }

  get work(): CacheWork {
    return { ...this.#options.book.state, ...this.#counts, asked: this.#asked, known: this.#known };
  }

  async run(
    path: Uint8Array | null,
    name: string,
    size: number,
    options: RunOptions = {},
  ): Promise<PoolOutcome> {
    if (path === null || options.rest !== undefined) return this.#asTheyCome(path, name, size, options);
    const noted = this.#folders.of(options.met);
    try {
      return await this.#come({ path, name, size, options, noted });
    } finally {
      noted?.conclude(null);
    }
  }

  async #come(given: Omit<GivenFile, 'fileSystem' | 'judges'>): Promise<PoolOutcome> {
    const { path, name, size, options, noted } = given;
    const { met } = options;
    const fileSystem = met === undefined ? null : await this.#fileSystemOf(path, met.dev);
    const file: GivenFile = { ...given, fileSystem, judges: this.#options.book.judges };
    const unread = this.#unread(file);
    const before: Before | null = noted?.known ?? unread;
    if (before !== null && met !== undefined) {
      const isSampled = noted === null || noted.known === null ? this.#isSampled() : noted.sampled;
      if (isSampled) return this.#verify(file, before, met);
      if (unread !== null) {
        this.#counts.by_metadata++;
        const isOnPage = noted !== null && noted.known !== null;
        noted?.conclude(isOnPage ? 'same' : recordOf(unread, met));
        return { type: 'done', outcome: told(unread, 'metadata', met) };
      }
    }
    const known = this.#content ? this.#options.book.candidates(name, size) : [];
    const isSampled = known.length > 0 && this.#isSampled();
    const came = await this.#look(file, isSampled ? [] : known, isSampled || !this.#content);
    if (isSampled) this.#compare(came, file);
    return this.#conclude(came, file);
  }

  async #look(
    { path, name, size, options, fileSystem }: GivenFile,
    known: readonly Uint8Array[],
    fresh: boolean,
  ): Promise<Looked> {
    await this.#options.wake?.();
    const { pool, book } = this.#options;
    const hash_first = !fresh && book.mayKnow(size);
    return pool.look(path, name, size, options, { known, hash_first, fresh, stamp: fileSystem !== null });
  }

  /** A stream, and the parts of an archive: only what engines say of them is known. */
  async #asTheyCome(
    path: Uint8Array | null,
    name: string,
    size: number,
    options: RunOptions,
  ): Promise<PoolOutcome> {
    await this.#options.wake?.();
    const came = await this.#options.pool.run(path, name, size, options);
    if (came.type === 'done') {
      for (const tree of [came.outcome, ...(came.set?.rest ?? []), came.set?.joined ?? null])
        this.#count(tree?.work);
    }
    this.#counts.read += 1 + (options.rest?.parts.length ?? 0);
    return came;
  }

  /** Null where its metadata would say nothing, or nobody asks for them. */
  async #fileSystemOf(path: Uint8Array, dev: bigint): Promise<FileSystem | null> {
    if (!this.#options.metadata) return null;
    return this.#fileSystems.of(Buffer.from(path), dev);
  }

  #unread({ fileSystem, noted, options: { met }, name, size }: GivenFile): Known | null {
    if (!this.#metadata || fileSystem === null || met === undefined || met.size !== BigInt(size)) return null;
    const { book } = this.#options;
    const sha256 = noted?.known?.sha256 ?? book.content(fileSystem.id, met);
    const tree = sha256 === null ? null : book.tree(name, size, sha256);
    return sha256 === null || tree === null ? null : { ...tree, sha256 };
  }

  #isSampled(): boolean {
    return Math.random() < this.#options.sample;
  }

  async #conclude(came: Looked, file: GivenFile): Promise<PoolOutcome> {
    const { book } = this.#options;
    const { name, size } = file;
    if (came.type === 'same') {
      const tree = book.tree(name, size, Buffer.from(came.sha256, 'hex'));
      // Another process has made room meanwhile, or it has another size than when it was met.
      if (tree === null || Number(came.stamp.identity.size) !== size)
        return this.#conclude(await this.#look(file, [], false), file);
      this.#counts.by_content++;
      this.#keepContent(file, came.stamp, { ...tree, sha256: Buffer.from(came.sha256, 'hex') });
      return { type: 'done', outcome: told(tree, 'content', came.stamp.identity) };
    }
    this.#counts.read++;
    if (came.type === 'done') this.#learn(came, file);
    return came;
  }

  #learn({ outcome, stamp }: Done, file: GivenFile): void {
    const { book } = this.#options;
    this.#count(outcome.work);
    book.keepTree(file.name, outcome, file.judges);
    const { sha256 } = outcome.root;
    if (stamp !== undefined && sha256 !== null && mayBeKept(outcome))
      this.#keepContent(file, stamp, { outcome, made: Date.now(), sha256: Buffer.from(sha256, 'hex') });
  }

  /** Which content it has, as long as its metadata are these. */
  #keepContent({ fileSystem, noted, judges }: GivenFile, stamp: Stamp, known: Known): void {
    const { book } = this.#options;
    if (fileSystem === null || !isSettled(stamp)) return;
    book.keepContent(fileSystem.id, stamp, known.sha256);
    // Pages are of who judged when their folder was entered.
    if (judges.tree === book.judges.tree) noted?.conclude(recordOf(known, stamp.identity));
  }

  /** Reads and judges again what need not be: what was believed must still be so. */
  async #verify(file: GivenFile, known: Before, met: FileIdentity): Promise<PoolOutcome> {
    const { book } = this.#options;
    const came = await this.#look(file, [], true);
    if (came.type !== 'done') return this.#conclude(came, file);
    const { sha256 } = came.outcome.root;
    const hasSameMetadata = came.stamp !== undefined && isSame(came.stamp, met);
    if (sha256 === null || !hasSameMetadata || sha256 === known.sha256.toString('hex')) {
      this.#compare(came, file);
      return this.#conclude(came, file);
    }
    this.#counts.verified++;
    this.#counts.mismatched++;
    this.#metadata = false;
    book.distrustMetadata();
    const found = await this.#conclude(came, { ...file, fileSystem: null });
    if (found.type !== 'done') return found;
    return { ...found, outcome: withFinding(found.outcome, hiddenChange(file.name, known, sha256)) };
  }

  /** What was found now with what was known of the same content. */
  #compare(came: Looked, { name, size }: GivenFile): void {
    if (came.type !== 'done' || came.outcome.root.sha256 === null || !mayBeKept(came.outcome)) return;
    const { book } = this.#options;
    const before = book.tree(name, size, Buffer.from(came.outcome.root.sha256, 'hex'));
    if (before === null) return;
    this.#counts.verified++;
    if (essence(before.outcome) === essence(came.outcome)) return;
    this.#counts.mismatched++;
    this.#metadata = false;
    this.#content = false;
    book.distrustAll();
  }

  #count(work: EngineWork | undefined): void {
    if (work === undefined) return;
    for (const [sums, more] of [
      [this.#asked, work.asked],
      [this.#known, work.known],
    ] as const) {
      for (const [engine, artifacts] of Object.entries(more)) sums[engine] = (sums[engine] ?? 0) + artifacts;
    }
  }
}

function told(
  { outcome, made }: Omit<Known, 'sha256'>,
  by: 'content' | 'metadata',
  { dev, ino }: FileIdentity,
): TreeOutcome {
  const cached = { by, examined_at: new Date(made).toISOString() };
  return { ...outcome, root: { ...outcome.root, identity: { dev, ino } }, cached };
}

/** For the page of its folder; null: there is something to be said of it. */
function recordOf({ outcome, made, sha256 }: Known, identity: FileIdentity): Conclusion {
  return isPlain(outcome) ? { identity, made, artifacts: outcome.coverage.artifacts, sha256 } : null;
}

function isSame({ identity }: Stamp, met: FileIdentity): boolean {
  return (
    identity.dev === met.dev &&
    identity.ino === met.ino &&
    identity.size === met.size &&
    identity.mtime_ns === met.mtime_ns &&
    identity.ctime_ns === met.ctime_ns
  );
}

/** What of an outcome must be the same each time: who found what where, and what was not looked at. */
function essence({ findings, gaps }: TreeOutcome): string {
  return JSON.stringify([
    findings.map(({ kind, engine, rule, trail }) => JSON.stringify([kind, engine, rule, trail])).toSorted(),
    gaps.map(({ reason, by, trail }) => JSON.stringify([reason, by, trail])).toSorted(),
  ]);
}

function hiddenChange(name: string, { sha256, made }: Before, now: string): Finding {
  const seen = new Date(made).toISOString();
  return {
    kind: 'hidden_change',
    engine: 'cache',
    rule: 'same-metadata-other-content',
    artifact: 0,
    trail: [name],
    sha256: now,
    detail: `its content has changed since ${seen}, and neither its size nor its times show it: they were forged, or its disk is failing`,
    offset: null,
    evidence: { sha256_before: sha256.toString('hex'), sha256_now: now },
  };
}

function withFinding(outcome: TreeOutcome, finding: Finding): TreeOutcome {
  return { ...outcome, findings: [...outcome.findings, finding] };
}
