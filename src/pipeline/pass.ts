import { createHash } from 'node:crypto';
import type { Analyzer, Examination, Opening, Outcome, Subject } from '../analyze/index.ts';
import { MassCounter } from '../analyze/mass-encryption/index.ts';
import type { Artifact, ContentType, Finding, FindingKind, Gap, GapReason } from '../domain/index.ts';
import { isSeenRaw, withoutReader } from '../identify/index.ts';
import { canOpen, checksItself } from '../unpack/index.ts';
import { isAnsweredByKnownGood } from './known-good.ts';
import type { Tee } from './tee.ts';
import type { Examined, Tree } from './tree.ts';

/** What an engine may still need once the scan of a tree was ended. */
const GRACE_MS = 2000;

type LooseFinding = Omit<Finding, 'artifact' | 'sha256'>;
type LooseGap = Pick<Gap, 'stage' | 'by' | 'reason' | 'detail' | 'bytes' | 'trail'>;
type CountedGap = LooseGap & Pick<Gap, 'artifacts'>;

/** Kept of one artifact, for each rule and each reason: a list of names can be endless. */
const KEPT_FINDINGS = 100;
const KEPT_GAPS = 1000;

/** What engines have said of an artifact of that hash before: they are not even handed its bytes. */
export interface Ahead {
  readonly sha256: string;
  /** By analyzer. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** One artifact's bytes going past the hash and every analyzer, and all that is said of it until its hash is known. */
export class Pass {
  readonly artifact: Artifact;
  readonly type: ContentType;
  /** Bytes that went past so far. */
  size = 0;
  /** It was handed to the unpackers, and its members hold all that it holds. */
  openedWhole = false;
  /** Something that has bytes came out of it. */
  gaveBytes = false;
  /** From this byte on it is an archive that was opened to its end, and what follows that. */
  provenFrom: number | null = null;
  /** What broke the bytes off, if anything did. */
  failure: { error: unknown } | null = null;
  /** Called once it is finished: what its bytes were put by in is needed no more. */
  release: () => Promise<void> = async () => {};
  readonly #tree: Tree;
  readonly #subject: Subject;
  readonly #parent: Pass | null;
  readonly #ahead: Ahead | null;
  /** What was found in its members, one by one. */
  readonly #members = new MassCounter();
  readonly #hash = createHash('sha256');
  readonly #running: readonly { analyzer: Analyzer; examination: Examination }[];
  #outcomes: Promise<{ id: string; outcome: Outcome }[]> | null = null;
  readonly #findings: LooseFinding[] = [];
  #moreFindings = 0;
  readonly #gaps: CountedGap[] = [];
  readonly #moreGaps = new Map<string, CountedGap>();
  readonly #counts = new Map<string, number>();
  readonly #measures = new Map<string, number>();

  /** `parent`: the container it came out of. */
  constructor(tree: Tree, subject: Subject, parent: Pass | null, ahead: Ahead | null = null) {
    this.#ahead = ahead;
    this.#tree = tree;
    this.#subject = subject;
    this.#parent = parent;
    this.artifact = subject.artifact;
    this.type = subject.type;
    this.#running = tree.analyzers.flatMap((analyzer) => {
      if (ahead?.outcomes.has(analyzer.id) === true) return [];
      const examination = analyzer.examine(subject);
      if (examination !== null && analyzer.isAway !== true) tree.meter?.examined(analyzer.id);
      return examination === null ? [] : [{ analyzer, examination }];
    });
  }

  /** Lets all bytes go past. What breaks them off is kept in `failure`, after what came was examined. */
  async run(chunks: AsyncIterable<Buffer>, tee?: Tee): Promise<void> {
    const { meter = null } = this.#tree;
    try {
      for await (const chunk of chunks) {
        this.#tree.signal.throwIfAborted();
        this.size += chunk.length;
        if (this.artifact.parent === null) this.#tree.progress(chunk.length);
        this.#hash.update(chunk);
        meter?.hashed(chunk.length);
        const waits: Promise<void>[] = [];
        for (const { analyzer, examination } of this.#running) {
          const wait = examination.write(chunk);
          if (wait !== undefined) waits.push(meter === null ? wait : meter.during(analyzer.id, wait));
        }
        if (tee !== undefined) {
          const wait = tee.write(chunk);
          waits.push(meter === null ? wait : meter.during('unpack', wait));
        }
        if (waits.length > 0) await Promise.all(waits);
      }
      tee?.end();
    } catch (error) {
      this.failure = { error };
      tee?.fail(error);
    }
    // At once, not in finish(): an engine must not wait for its last byte while the members are examined.
    this.#outcomes = this.#end().then((asked) => [...asked, ...this.#known()]);
  }

  /** What was known ahead; of other bytes nobody has said anything. */
  #known(): { id: string; outcome: Outcome }[] {
    const ahead = this.#ahead;
    if (ahead === null) return [];
    const isSame = this.failure === null && this.sha256() === ahead.sha256;
    return [...ahead.outcomes].map(([id, outcome]) => {
      if (isSame) this.#tree.ledger.worked(id, true);
      return { id, outcome: isSame ? outcome : NOT_SEEN };
    });
  }

  /** Ends every examination; who is known to have judged the same bytes before is not asked again. */
  async #end(): Promise<{ id: string; outcome: Outcome }[]> {
    const { before, ledger } = this.#tree;
    const dear = this.#running.filter(({ analyzer }) => before?.isKept(analyzer) === true);
    if (before === undefined || this.failure !== null || this.size === 0 || dear.length === 0) {
      return Promise.all(
        this.#running.map(async ({ analyzer, examination }) => ({
          id: analyzer.id,
          outcome: await this.#ended(analyzer.id, examination),
        })),
      );
    }
    const sha256 = this.sha256();
    const asked = dear.map(({ analyzer }) => before.ask(analyzer, this.#subject, sha256, this.size));
    const known = before.find(asked);
    return Promise.all(
      this.#running.map(async ({ analyzer, examination }) => {
        const { id } = analyzer;
        const question = asked.find(({ engine }) => engine === id);
        if (question === undefined) return { id, outcome: await this.#ended(id, examination) };
        const answer = (await known).get(id);
        ledger.worked(id, answer !== undefined);
        if (answer !== undefined) {
          examination.abort();
          return { id, outcome: answer };
        }
        const outcome = await this.#ended(id, examination);
        before.keep({ ...question, outcome });
        return { id, outcome };
      }),
    );
  }

  async #ended(id: string, examination: Examination): Promise<Outcome> {
    const { meter = null } = this.#tree;
    return meter === null ? examination.end() : meter.during(id, examination.end());
  }

  /** Of what went past so far. */
  sha256(): string {
    return this.#hash.copy().digest('hex');
  }

  /** The same bytes are one of the containers around it: they are being examined there, and opened again they never end. */
  findSelfReproduction(): void {
    this.finding({
      kind: 'unsafe_archive',
      engine: this.type.container ?? 'unpack',
      rule: 'self-reproduction',
      detail: 'holds itself: the same bytes are one of the containers around it',
      offset: null,
      evidence: {},
      trail: this.artifact.trail,
    });
  }

  /** Hears every analyzer's outcome and, after `before`, hands everything to the ledger. Rethrows what broke the bytes off. */
  async finish(before: Promise<void>): Promise<Examined> {
    if (this.#outcomes === null) for (const { examination } of this.#running) examination.abort();
    const outcomes = await this.#heard();
    await before;
    for (const { id, outcome } of outcomes) this.#hear(id, outcome);
    const sha256 = this.failure === null ? this.#hash.digest('hex') : null;
    if (sha256 !== null && this.#outcomes !== null) this.#judge(sha256);
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

  /** It was taken for a container, and is none, or one of which nothing came out and nobody knows where it ends. */
  isDamaged(): boolean {
    const own = this.#gaps.filter(({ stage, trail }) => stage === 'unpack' && trail === this.artifact.trail);
    return own.some(
      ({ reason }) =>
        reason === 'corrupt' ||
        reason === 'unsupported_format' ||
        (reason === 'budget_exceeded' && !this.gaveBytes),
    );
  }

  /** Opened, and nothing in it stayed closed. */
  #wasOpened(): boolean {
    return this.openedWhole && this.failure === null && this.#gaps.every(({ stage }) => stage !== 'unpack');
  }

  /** Opened to its end, and foreign bytes in it would have been noticed. */
  provesItself(): boolean {
    return this.#wasOpened() && checksItself(this.type.container ?? '');
  }

  /** How it went when it was opened, in the words of analyzers. */
  #opening(): Opening {
    const has = (reason: GapReason): boolean =>
      this.#gaps.some((gap) => gap.stage === 'unpack' && gap.reason === reason);
    return {
      whole: this.provesItself(),
      damaged: has('corrupt'),
      locked: has('encrypted'),
      provenFrom: this.provenFrom,
    };
  }

  /** What can be said now that its members were examined. */
  #judge(sha256: string): void {
    const { trail } = this.artifact;
    const opening = this.#opening();
    let knownGood: string | null = null;
    for (const { analyzer, examination } of this.#running) {
      const judgement = examination.judge?.(opening, sha256);
      if (judgement === undefined) continue;
      knownGood ??= judgement.known_good ?? null;
      this.#withdraw(analyzer.id, judgement.replaces ?? []);
      for (const claim of judgement.claims) this.#findings.push({ ...claim, engine: analyzer.id, trail });
      for (const miss of judgement.misses) this.gap({ stage: 'analyze', by: analyzer.id, ...miss, trail });
    }
    if (knownGood !== null) this.#answer(knownGood);
  }

  /** Known good: said, and put to those claims that it answers. */
  #answer(knownGood: string): void {
    const { trail, id } = this.artifact;
    this.#tree.ledger.measurement({
      name: 'known_good',
      value: knownGood,
      engine: 'hash-sets',
      artifact: id,
      trail,
    });
    for (const [at, finding] of this.#findings.entries()) {
      if (isAnsweredByKnownGood(finding)) this.#findings[at] = { ...finding, known_good: knownGood };
    }
  }

  #withdraw(engine: string, kinds: readonly FindingKind[]): void {
    if (kinds.length === 0) return;
    const left = this.#findings.filter((one) => one.engine !== engine || !kinds.includes(one.kind));
    this.#findings.splice(0, this.#findings.length, ...left);
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
      // What an engine did not see within a container, its limits or a password that we had to hand being in its way, it was
      // handed as members, one by one.
      const inItsWay = miss.reason === 'budget_exceeded' || miss.reason === 'encrypted';
      const madeGood = inItsWay && miss.bytes !== 0 && this.#wasOpened();
      if (madeGood) this.measure(`${engine}_limit_on_container`, 1);
      else this.gap({ stage: 'analyze', by: engine, ...miss, trail });
    }
    for (const [name, value] of Object.entries(outcome.measurements)) {
      this.#tree.ledger.measurement({ name, value, engine, artifact: id, trail });
    }
  }

  #record(sha256: string | null): void {
    const { ledger } = this.#tree;
    const { id, trail } = this.artifact;
    const mass = this.#members.mass();
    if (mass !== null) {
      this.#findings.push({ kind: 'mass_encryption', engine: 'entropy', ...mass, offset: null, trail });
    }
    if (this.#parent !== null)
      this.#parent.#members.add(this.#findings.filter(({ known_good }) => known_good === undefined));
    const format = this.type.container ?? this.type.mime;
    ledger.artifact(this.size, isSeenRaw(this.type));
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

const NOT_SEEN: Outcome = {
  claims: [],
  measurements: {},
  misses: [{ reason: 'changed', detail: 'it changed between two looks at it', bytes: null }],
  inspected_bytes: 0,
  windowed: false,
};

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
