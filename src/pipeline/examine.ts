import { createHash } from 'node:crypto';
import type { Analyzer, Examination, Outcome, Subject } from '../analyze/index.ts';
import { LastBytes, MemorySource, nameFromBytes, type ByteSource, type Scratch } from '../bytes/index.ts';
import type { Artifact, ContentType, Finding, Gap } from '../domain/index.ts';
import { HEAD_BYTES, TAIL_BYTES, withoutReader, type Glimpse, type Identifier } from '../identify/index.ts';
import { canOpen, openContainer, type Budget, type Member, type MemberSink } from '../unpack/index.ts';
import { Lanes } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import { Tee } from './tee.ts';

/** Artifacts up to this size are read once and stay in memory while they are examined (DESIGN 7: 1 MiB). */
export const HELD_BYTES = 1024 * 1024;
/** Small artifacts whose engines have not answered yet, while the producer goes on: at most 4 MiB are held. */
const LANES = 4;
/** What an engine may still need once the scan of a tree was ended. */
const GRACE_MS = 2000;

/** What is shared by all artifacts of one tree. */
export interface Tree {
  readonly identifier: Identifier;
  readonly analyzers: readonly Analyzer[];
  readonly budget: Budget;
  readonly scratch: Scratch;
  readonly passwords: readonly string[];
  readonly ledger: Ledger;
  /** Ends the whole scan of this tree. */
  readonly signal: AbortSignal;
  /** Told of every chunk of the root, for the progress bar. */
  readonly progress: (bytes: number) => void;
}

/** The bytes of one artifact, as its producer gives them. */
export interface Feed {
  /** Set when they can be read again at any place. */
  readonly source: ByteSource | null;
  readonly stream: AsyncIterable<Buffer>;
}

export interface Examined {
  readonly type: ContentType;
  readonly size: number;
  readonly sha256: string | null;
}

/** Examines a root artifact and everything in it. Throws only what breaks the root's own bytes off. */
export async function examineTree(trail: Artifact['trail'], feed: Feed, tree: Tree): Promise<Examined> {
  return new TreeExaminer(tree).root(trail, feed);
}

class TreeExaminer {
  readonly #tree: Tree;
  #nextId = 0;
  readonly #lanes = new Lanes(LANES);
  #recorded: Promise<void> = Promise.resolve();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  async root(trail: Artifact['trail'], feed: Feed): Promise<Examined> {
    try {
      const pass = await this.#open({ id: this.#nextId++, parent: null, trail }, feed, 0);
      return await this.#finish(pass);
    } finally {
      // Also when the tree is broken off: what is still with an engine has been seen.
      await this.#lanes.settle();
    }
  }

  /** Artifacts are recorded one after another, whichever engine answers first: the report is always the same. */
  #finish(pass: Pass): Promise<Examined> {
    const finished = pass.finish(this.#recorded);
    this.#recorded = finished.then(
      () => undefined,
      () => undefined, // Whoever called hears of it.
    );
    return finished;
  }

  /** Identifies the artifact, lets its bytes go past every analyzer, and opens it if it is a container. */
  async #open(artifact: Artifact, feed: Feed, depth: number): Promise<Pass> {
    const held = await hold(feed);
    const source = held.whole ?? feed.source;
    const size = source?.size ?? null; // What a member's header says may be a lie.
    const name = artifact.trail.at(-1) ?? '';
    const head = held.head.subarray(0, HEAD_BYTES);
    const type = this.#tree.identifier.identify({ head, tail: await tailOf(source), size, name });
    const pass = new Pass(this.#tree, { artifact, type, head, size, source, signal: this.#tree.signal });
    try {
      const format = type.container;
      pass.sayWhatStaysClosed();
      if (format === null || !canOpen(format)) {
        const last = source === null ? new LastBytes(TAIL_BYTES) : null;
        await pass.run(last === null ? held.chunks : seen(held.chunks, last));
        if (last !== null) {
          this.#sayWhatStoodAtTheEnd(pass, { head, tail: last.bytes, size: pass.size, name });
        }
        return pass;
      }
      pass.opened = true;
      if (source === null) {
        const tee = new Tee();
        const container = { format, name, depth, size, source, stream: tee.chunks() };
        const opening = openContainer(container, this.#sink(pass, depth), this.#context());
        const both = [pass.run(held.chunks, tee), opening.finally(() => tee.leave())];
        for (const end of await Promise.allSettled(both)) if (end.status === 'rejected') throw end.reason;
      } else {
        await pass.run(held.chunks);
        const container = { format, name, depth, size, source, stream: source.stream() };
        if (pass.failure === null) await openContainer(container, this.#sink(pass, depth), this.#context());
      }
      return pass;
    } catch (error) {
      // The tree is broken off; what was seen of this artifact stands.
      pass.failure ??= { error };
      await this.#finish(pass).catch(() => undefined);
      throw error;
    }
  }

  /** What is recognised only by its end (a zip behind a program) was gone before it could be opened. */
  #sayWhatStoodAtTheEnd(pass: Pass, glimpse: Glimpse): void {
    const { container, description } = this.#tree.identifier.identify(glimpse);
    if (container === null || container === pass.type.container) return;
    const detail = `holds a container (${container}) that is recognised by its end: ${description}; it streamed past`;
    pass.gap({
      stage: 'unpack',
      by: container,
      reason: 'unsupported_format',
      detail,
      bytes: null,
      trail: pass.artifact.trail,
    });
  }

  #context(): { budget: Budget; scratch: Scratch; passwords: readonly string[]; signal: AbortSignal } {
    const { budget, scratch, passwords, signal } = this.#tree;
    return { budget, scratch, passwords, signal };
  }

  #sink(parent: Pass, depth: number): MemberSink {
    const trailTo = (name: Member['name'] | undefined): Artifact['trail'] =>
      name === undefined ? parent.artifact.trail : [...parent.artifact.trail, memberName(name)];
    return {
      member: async ({ name, content }) => {
        const child: Artifact = { id: this.#nextId++, parent: parent.artifact.id, trail: trailTo(name) };
        const pass = await this.#open(child, { source: null, stream: content }, depth + 1);
        // What broke the member's bytes off is the producer's to hear; large ones hold scratch space until they end.
        if (pass.failure !== null || pass.size > HELD_BYTES) await this.#finish(pass);
        else await this.#lanes.admit(this.#finish(pass).then(() => undefined));
      },
      gap: (reason, detail, options = {}) =>
        parent.gap({
          stage: 'unpack',
          by: parent.type.container ?? 'unpack',
          reason,
          detail,
          bytes: options.bytes ?? null,
          trail: trailTo(options.member),
        }),
      unsafe: (rule, detail, options = {}) =>
        parent.finding({
          kind: 'unsafe_archive',
          engine: parent.type.container ?? 'unpack',
          rule,
          detail,
          offset: null,
          evidence: options.evidence ?? {},
          trail: trailTo(options.member),
        }),
      measure: (what, value) => parent.measure(what, value),
    };
  }
}

type LooseFinding = Omit<Finding, 'artifact' | 'sha256'>;
type LooseGap = Pick<Gap, 'stage' | 'by' | 'reason' | 'detail' | 'bytes' | 'trail'>;
type CountedGap = LooseGap & Pick<Gap, 'artifacts'>;

/** Kept of one artifact, for each rule and each reason: a list of names can be endless. */
const KEPT_FINDINGS = 100;
const KEPT_GAPS = 1000;

/** One artifact's bytes going past the hash and every analyzer, and all that is said of it until its hash is known. */
class Pass {
  readonly artifact: Artifact;
  readonly type: ContentType;
  /** Bytes that went past so far. */
  size = 0;
  /** It was handed to the unpackers. */
  opened = false;
  /** What broke the bytes off, if anything did. */
  failure: { error: unknown } | null = null;
  readonly #tree: Tree;
  readonly #hash = createHash('sha256');
  readonly #running: readonly { analyzer: Analyzer; examination: Examination }[];
  #outcomes: Promise<{ id: string; outcome: Outcome }[]> | null = null;
  readonly #findings: LooseFinding[] = [];
  #moreFindings = 0;
  readonly #gaps: CountedGap[] = [];
  readonly #moreGaps = new Map<string, CountedGap>();
  readonly #counts = new Map<string, number>();
  readonly #measures = new Map<string, number>();

  constructor(tree: Tree, subject: Subject) {
    this.#tree = tree;
    this.artifact = subject.artifact;
    this.type = subject.type;
    this.#running = tree.analyzers.flatMap((analyzer) => {
      const examination = analyzer.examine(subject);
      return examination === null ? [] : [{ analyzer, examination }];
    });
  }

  /** Lets all bytes go past. What breaks them off is kept in `failure`, after what came was examined. */
  async run(chunks: AsyncIterable<Buffer>, tee?: Tee): Promise<void> {
    try {
      for await (const chunk of chunks) {
        this.#tree.signal.throwIfAborted();
        this.size += chunk.length;
        if (this.artifact.parent === null) this.#tree.progress(chunk.length);
        this.#hash.update(chunk);
        const waits = this.#running.flatMap(({ examination }) => examination.write(chunk) ?? []);
        if (tee !== undefined) waits.push(tee.write(chunk));
        if (waits.length > 0) await Promise.all(waits);
      }
      tee?.end();
    } catch (error) {
      this.failure = { error };
      tee?.fail(error);
    }
    // At once, not in finish(): an engine must not wait for its last byte while the members are examined.
    this.#outcomes = Promise.all(
      this.#running.map(async ({ analyzer, examination }) => ({
        id: analyzer.id,
        outcome: await examination.end(),
      })),
    );
  }

  /** Hears every analyzer's outcome and, after `before`, hands everything to the ledger. Rethrows what broke the bytes off. */
  async finish(before: Promise<void>): Promise<Examined> {
    if (this.#outcomes === null) for (const { examination } of this.#running) examination.abort();
    const outcomes = await this.#heard();
    await before;
    for (const { id, outcome } of outcomes) this.#hear(id, outcome);
    const sha256 = this.failure === null ? this.#hash.digest('hex') : null;
    this.#record(sha256);
    if (this.failure !== null) throw this.failure.error;
    return { type: this.type, size: this.size, sha256 };
  }

  /** What the engines say. Once the scan is ended they get a moment, and then count as timed out. */
  async #heard(): Promise<{ id: string; outcome: Outcome }[]> {
    if (this.#outcomes === null) return [];
    const { signal } = this.#tree;
    const late = lateAfter(signal);
    const outcomes = await Promise.race([this.#outcomes, late.over]);
    late.cancel();
    if (outcomes !== null) return outcomes;
    for (const { analyzer, examination } of this.#running) {
      examination.abort();
      const detail = 'the scan was ended before it answered';
      this.gap({
        stage: 'analyze',
        by: analyzer.id,
        reason: 'timed_out',
        detail,
        bytes: null,
        trail: this.artifact.trail,
      });
    }
    return [];
  }

  /** What is opaque or encrypted by its kind, and a container that nobody here opens, are gaps; a plain file is not. */
  sayWhatStaysClosed(): void {
    const { trail } = this.artifact;
    const { container, description } = this.type;
    const known = withoutReader(this.type);
    if (known !== null) this.gap({ stage: 'unpack', by: 'identify', ...known, bytes: null, trail });
    else if (container !== null && !canOpen(container)) {
      const detail = `${description}: nothing here opens it`;
      this.gap({ stage: 'unpack', by: container, reason: 'unsupported_format', detail, bytes: null, trail });
    }
  }

  /** More findings of one kind and rule on one artifact weigh nothing more: they are only counted. */
  finding(finding: LooseFinding): void {
    const count = this.#count(`${finding.engine}\0${finding.kind}\0${finding.rule}`);
    if (count <= KEPT_FINDINGS) this.#findings.push(finding);
    else this.#moreFindings++;
  }

  /** Beyond what is kept, gaps of one reason become one line that no path accepts. */
  gap(gap: LooseGap): void {
    const place = gap.trail === this.artifact.trail ? 'own' : 'member';
    const key = [gap.stage, gap.by, gap.reason, place].join('\0');
    if (this.#count(key) <= KEPT_GAPS) {
      this.#gaps.push({ ...gap, artifacts: 1 });
      return;
    }
    const line = this.#moreGaps.get(key) ?? {
      ...gap,
      trail: place === 'own' ? gap.trail : [...this.artifact.trail, '(more of the same)'],
      artifacts: 0,
      bytes: 0,
    };
    this.#moreGaps.set(key, {
      ...line,
      artifacts: line.artifacts + 1,
      bytes: (line.bytes ?? 0) + (gap.bytes ?? 0),
    });
  }

  measure(name: string, value: number): void {
    this.#measures.set(name, (this.#measures.get(name) ?? 0) + value);
  }

  /** Opened, and nothing in it stayed closed. */
  #wasOpened(): boolean {
    return this.opened && this.failure === null && this.#gaps.every(({ stage }) => stage !== 'unpack');
  }

  #count(key: string): number {
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count;
  }

  #hear(engine: string, outcome: Outcome): void {
    const { trail, id } = this.artifact;
    this.#tree.ledger.inspected(engine, outcome.inspected_bytes, outcome.windowed, this.size === 0);
    for (const claim of outcome.claims) this.#findings.push({ ...claim, engine, trail });
    for (const miss of outcome.misses) {
      // A container beyond an engine's limits, all of whose members were handed to it one by one (DESIGN 7).
      if (miss.reason === 'budget_exceeded' && this.#wasOpened())
        this.measure(`${engine}_limit_on_container`, 1);
      else this.gap({ stage: 'analyze', by: engine, ...miss, trail });
    }
    for (const [name, value] of Object.entries(outcome.measurements)) {
      this.#tree.ledger.measurement({ name, value, engine, artifact: id, trail });
    }
  }

  #record(sha256: string | null): void {
    const { ledger } = this.#tree;
    const { id, trail } = this.artifact;
    const format = this.type.container ?? this.type.mime;
    ledger.artifact(this.size);
    ledger.findings(
      this.#findings.map((finding) => ({ ...finding, artifact: id, sha256 })),
      this.#moreFindings,
    );
    for (const gap of this.#gaps) {
      const bytes = gap.bytes ?? (gap.trail === trail ? this.size : null);
      ledger.gap({ ...gap, bytes, artifact: id, sha256, format });
    }
    for (const gap of this.#moreGaps.values()) ledger.gap({ ...gap, artifact: id, sha256: null, format });
    for (const [name, value] of this.#measures) {
      ledger.measurement({ name, value, engine: this.type.container ?? 'unpack', artifact: id, trail });
    }
  }
}

/** Resolves to null some time after the signal was aborted. */
function lateAfter(signal: AbortSignal): { readonly over: Promise<null>; readonly cancel: () => void } {
  const { promise: over, resolve } = Promise.withResolvers<null>();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer = setTimeout(() => resolve(null), GRACE_MS);
  };
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  const cancel = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', begin);
  };
  return { over, cancel };
}

async function* seen(
  chunks: AsyncIterable<Buffer>,
  last: LastBytes,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    last.push(chunk);
    yield chunk;
  }
}

function memberName(name: Member['name']): string {
  return nameFromBytes(typeof name === 'string' ? Buffer.from(name) : name);
}

/** The last bytes of what can be read anywhere and is longer than the head; null otherwise. */
async function tailOf(source: ByteSource | null): Promise<Buffer | null> {
  if (source === null || source.size <= HEAD_BYTES) return null;
  const tail = Buffer.allocUnsafe(Math.min(TAIL_BYTES, source.size - HEAD_BYTES));
  const got = await source.readAt(tail, source.size - tail.length);
  return tail.subarray(0, got);
}

interface Held {
  /** The first bytes: up to HELD_BYTES, or all there is. */
  readonly head: Buffer;
  /** All of it, when it fits. */
  readonly whole: MemorySource | null;
  /** Everything from the first byte on, once. */
  readonly chunks: AsyncIterable<Buffer>;
}

/** Reads ahead until the artifact is known to be small, or its head is complete. What breaks off early is kept for the pass. */
async function hold(feed: Feed): Promise<Held> {
  if (feed.source !== null && feed.source.bytes !== null) {
    const { bytes } = feed.source;
    return { head: bytes, whole: new MemorySource(bytes), chunks: feed.stream };
  }
  const iterator = feed.stream[Symbol.asyncIterator]();
  const parts: Buffer[] = [];
  let length = 0;
  let failure: { error: unknown } | null = null;
  let ended = false;
  try {
    while (length < HELD_BYTES) {
      const next = await iterator.next();
      if (next.done === true) {
        ended = true;
        break;
      }
      parts.push(Buffer.from(next.value));
      length += next.value.length;
    }
  } catch (error) {
    failure = { error };
  }
  const head = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, length);
  if (ended) {
    const whole = new MemorySource(head);
    return { head, whole, chunks: whole.stream() };
  }
  return { head, whole: null, chunks: rest(head, iterator, failure) };
}

async function* rest(
  head: Buffer,
  iterator: AsyncIterator<Buffer>,
  failure: { error: unknown } | null,
): AsyncGenerator<Buffer, void, undefined> {
  let done = false;
  try {
    if (head.length > 0) yield head;
    if (failure !== null) throw failure.error;
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) {
        done = true;
        return;
      }
      yield next.value;
    }
  } finally {
    if (!done && failure === null) await iterator.return?.();
  }
}
