import { createHash } from 'node:crypto';
import type { Analyzer } from '../analyze/index.ts';
import { CHUNK_BYTES, FileSource, MemorySource, readWhole, type Scratch } from '../bytes/index.ts';
import { inWords, type Artifact, type GapReason, type BudgetLimits } from '../domain/index.ts';
import type { Identifier } from '../identify/index.ts';
import { hasChanged, identityOf, NotRegular, openRoot, type RootFile } from '../intake/index.ts';
import { Budget } from '../unpack/index.ts';
import { examineTree } from './examine.ts';
import { HELD_BYTES } from './held-bytes.ts';
import type { Feed } from './held.ts';
import { Ledger } from './ledger.ts';
import type { AskedBefore } from './asked-before.ts';
import type { Meter } from './stats/meter.ts';
import type { Look, RootFacts, Seen, Stamp, TreeOutcome } from './protocol.ts';
import type { Examined } from './tree.ts';

export interface RootContext {
  readonly identifier: Identifier;
  readonly analyzers: readonly Analyzer[];
  readonly limits: BudgetLimits;
  readonly scratch: Scratch;
  readonly passwords: readonly string[];
  readonly before?: AskedBefore;
  readonly meter?: Meter | null;
  readonly progress: (bytes: number) => void;
  /** Told of findings and gaps as they come, so that they outlive this process. */
  readonly seen: (seen: Seen) => void;
}

/** A file that changes while it is read is examined once more (DESIGN 5), then that is a gap. */
const ATTEMPTS = 2;
/** Findings reach the parent at least this often, in ms. */
const SEEN_INTERVAL_MS = 1000;

const NOTHING_KNOWN: RootFacts = {
  size: null,
  sha256: null,
  content_type: { mime: 'application/octet-stream', description: 'not examined', claimed: null },
  identity: null,
};

/** What came of a file, or that it is one that is known. */
export type FileScan =
  | { readonly type: 'done'; readonly outcome: TreeOutcome; readonly stamp?: Stamp }
  | { readonly type: 'same'; readonly sha256: string; readonly stamp: Stamp };

const LOOK: Look = { known: [], hash_first: false, fresh: false, stamp: false };

/** Examines the file at `path`, and everything in it. Never throws: whatever happens is in the outcome. */
export async function scanFile(path: Buffer, name: string, context: RootContext): Promise<TreeOutcome> {
  const scan = await lookAtFile(path, name, context, LOOK);
  if (scan.type === 'same') throw new Error('nothing was known');
  return scan.outcome;
}

/** The same, unless it is one of those that are known: then it was only read. */
export async function lookAtFile(
  path: Buffer,
  name: string,
  context: RootContext,
  { known, hash_first: hashFirst, stamp: wantsStamp }: Look,
): Promise<FileScan> {
  for (let attempt = 1; ; attempt++) {
    const tree = new RootScan(name, context);
    let file: RootFile;
    const looked_at = Date.now();
    const since = performance.now();
    try {
      file = await openRoot(path, { synced: wantsStamp });
    } catch (error) {
      return { type: 'done', outcome: tree.unreadable(error) };
    }
    try {
      const stamp = { identity: identityOf(file.stats), looked_at };
      const { dev, ino, size } = stamp.identity;
      const hash = known.length > 0 || hashFirst ? await hashOf(file) : null;
      const sha256 = hash?.toString('hex') ?? null;
      if (hash !== null && sha256 !== null && known.some((one) => hash.equals(one)) && !hasChanged(file)) {
        context.progress(Number(size));
        return { type: 'same', sha256, stamp };
      }
      const feed = await feedOf(file, Number(size), context.meter?.read);
      context.meter?.waited('read', since);
      const outcome = await tree.run(feed, { dev, ino }, sha256);
      if (!hasChanged(file)) return { type: 'done', outcome, ...(wantsStamp ? { stamp } : {}) };
      if (attempt === ATTEMPTS) return { type: 'done', outcome: tree.changed(outcome) };
    } catch (error) {
      return { type: 'done', outcome: tree.unreadable(error) };
    } finally {
      await file.handle.close();
    }
  }
}

/** Of its content, read to its end; null: a file of /proc holds more than it says. */
async function hashOf({ handle, stats }: RootFile): Promise<Buffer | null> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Number(stats.size) + 1));
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
    if (length > Number(stats.size)) return null;
    hash.update(chunk.subarray(0, bytesRead));
  }
  return hash.digest();
}

/** Examines a stream (standard input), which nobody can read twice. Never throws. */
export async function scanStream(
  stream: AsyncIterable<Buffer>,
  name: string,
  context: RootContext,
): Promise<TreeOutcome> {
  const scan = new RootScan(name, context);
  const outcome = await scan.run({ source: null, stream }, null);
  return outcome.root.size === 0 ? scan.nothingCame(outcome) : outcome;
}

/**
 * A small file is read once and stays in memory; a larger one is read through its descriptor. What holds more than it
 * says (a file that grows, one of /proc) is read to its end as a stream.
 */
async function feedOf({ handle }: RootFile, size: number, onRead?: Meter['read']): Promise<Feed> {
  if (size > HELD_BYTES) {
    const source = new FileSource(handle, size, onRead);
    return { source, stream: source.stream() };
  }
  const bytes = await readWhole(handle, HELD_BYTES + 1, { size, onRead });
  if (bytes.length > HELD_BYTES) {
    const stream = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: CHUNK_BYTES });
    return { source: null, stream };
  }
  const source = new MemorySource(bytes);
  return { source, stream: source.stream() };
}

export interface RootOptions {
  /** Names of the trail behind the first. */
  readonly inside?: readonly string[];
  /** The root is examined as bytes, and not opened. */
  readonly closed?: boolean;
}

/** One tree under examination, from its root's first byte to its outcome. */
export class RootScan {
  readonly #context: RootContext;
  readonly #ledger: Ledger;
  readonly #trail: Artifact['trail'];
  readonly #started = performance.now();

  readonly #closed: boolean;

  constructor(name: string, context: RootContext, { inside = [], closed = false }: RootOptions = {}) {
    this.#context = context;
    this.#ledger = new Ledger(name);
    this.#trail = [name, ...inside];
    this.#closed = closed;
  }

  /** `sha256`: of its content, where it was read before; what engines have said of that they are not asked again. */
  async run(feed: Feed, identity: RootFacts['identity'], sha256: string | null = null): Promise<TreeOutcome> {
    const { limits, seen, ...shared } = this.#context;
    const deadline = limits.max_scan_ms === null ? null : AbortSignal.timeout(limits.max_scan_ms);
    const signal = deadline ?? new AbortController().signal;
    const timer = setInterval(() => {
      const news = this.#ledger.news();
      if (news !== null) seen(news);
    }, SEEN_INTERVAL_MS);
    const size = feed.source?.size ?? null;
    try {
      const budget = new Budget(limits, size);
      const tree = { ...shared, budget, ledger: this.#ledger, signal, closed: this.#closed };
      const examined = await examineTree(this.#trail, feed, tree, sha256);
      if (deadline?.aborted === true) this.#gap('pipeline', 'timed_out', tooLate(limits), size);
      return this.#outcome(factsOf(examined, identity));
    } catch (error) {
      if (deadline?.aborted === true) {
        this.#gap('pipeline', 'timed_out', tooLate(limits), size);
      } else this.#gap('intake', 'unreadable', inWords(error), size);
      return this.#outcome({ ...NOTHING_KNOWN, size, identity });
    } finally {
      clearInterval(timer);
    }
  }

  unreadable(error: unknown): TreeOutcome {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const swapped =
      error instanceof NotRegular || (error instanceof Error && 'code' in error && error.code === 'ELOOP');
    if (missing) this.#gap('intake', 'unreadable', 'vanished before it could be read', null);
    else this.#gap('intake', swapped ? 'changed' : 'unreadable', inWords(error), null);
    return this.#outcome(NOTHING_KNOWN);
  }

  /** `restic dump … | backuplens scan -` with a producer that failed must not end as approved. */
  nothingCame(outcome: TreeOutcome): TreeOutcome {
    this.#gap('intake', 'unreadable', 'not one byte came through standard input', 0);
    return this.#outcome(outcome.root);
  }

  changed(outcome: TreeOutcome): TreeOutcome {
    this.#gap(
      'intake',
      'changed',
      `changed while it was read, ${ATTEMPTS} times in a row`,
      outcome.root.size,
    );
    return this.#outcome({ ...outcome.root, sha256: null });
  }

  #gap(by: 'intake' | 'pipeline', reason: GapReason, detail: string, bytes: number | null): void {
    this.#ledger.gap({
      stage: by,
      by,
      reason,
      artifact: 0,
      trail: this.#trail,
      sha256: null,
      format: null,
      detail,
      bytes,
      artifacts: 1,
    });
  }

  #outcome(root: RootFacts): TreeOutcome {
    const closed = this.#ledger.close({ id: 0, parent: null, trail: this.#trail });
    return { ...closed, root, duration_ms: Math.round(performance.now() - this.#started) };
  }
}

function tooLate({ max_scan_ms }: BudgetLimits): string {
  return `not finished within ${max_scan_ms} ms`;
}

function factsOf({ type, size, sha256 }: Examined, identity: RootFacts['identity']): RootFacts {
  const { mime, description, claimed } = type;
  return { size, sha256, content_type: { mime, description, claimed }, identity };
}
