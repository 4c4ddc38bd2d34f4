import type { Evidence } from '../domain/index.ts';
import { ActiveTime } from './active-time.ts';
import { BOMB_BYTES } from './budget.ts';
import type { Fate, Format, FormatSink, Member, MemberSink, UnpackContext } from './format.ts';
import { Links } from './links.ts';
import { leadsOut, nameTraits } from './member-name.ts';
import { OverBudget, type Trouble } from './trouble.ts';

/** The sink's own failure on its way past the format, which must not take it for its own. */
export class ConsumerFailure extends Error {
  constructor(cause: unknown) {
    super('the examiner failed', { cause });
  }
}

/** More than 1 GiB out, at a ratio that no honest container has. */
export class Bomb extends OverBudget {
  readonly evidence: Evidence;
  constructor(out: number, bytesIn: number, maxRatio: number) {
    super(`${out} bytes came out of ${bytesIn}: more than ${maxRatio}:1`);
    this.evidence = { bytes_in: bytesIn, bytes_out: out, max_ratio: maxRatio };
  }
}

/** One member's own limit is reached: only that member ends. */
class LargeMember extends OverBudget {
  constructor(most: number, declared: number | null) {
    const bytes = declared === null || declared < most ? null : declared - most;
    super(`larger than ${most} bytes, which is the most of one member: the rest was not examined`, { bytes });
  }
}

/** Stands between a format and the sink: every name, byte, entry and second of one container goes past it. */
export class Guard implements FormatSink {
  readonly #sink: MemberSink;
  readonly #context: UnpackContext;
  readonly #links = new Links();
  readonly #abort = new AbortController();
  readonly #clock: ActiveTime;
  readonly #onScanAbort = (): void => {
    this.#abort.abort(this.#context.signal.reason);
  };
  #format: Format | null = null;
  #stream: AsyncGenerator<Buffer, void, undefined> | null = null;
  /** Of the container: its size, or what was read of it. */
  #bytesIn = 0;
  #bytesOut = 0;
  /** Members that were handed on. */
  #members = 0;
  #timedOut: Trouble | null = null;

  /** The file that was given may take as long as it likes; what is nested in it may not. */
  constructor(sink: MemberSink, context: UnpackContext, depth: number) {
    this.#sink = sink;
    this.#context = context;
    const limit = depth === 0 ? Infinity : context.budget.limits.max_container_ms;
    this.#clock = new ActiveTime(limit, () => {
      const done = `${this.#members} members, ${this.#bytesOut} bytes`;
      this.#timedOut = new OverBudget(`not unpacked within ${limit} ms; it had come to ${done}`);
      this.#abort.abort(this.#timedOut);
    });
    context.signal.addEventListener('abort', this.#onScanAbort, { once: true });
  }

  /** Aborted when this container's time is up, or the whole scan ends. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Set once the container's time is up: the reason for whatever error comes of that. */
  timedOut(): Trouble | null {
    return this.#timedOut;
  }

  /** `size` of what can be read anywhere; null: what streams past is counted. */
  begin(format: Format, size: number | null): void {
    this.#format = format;
    this.#bytesIn = size ?? 0;
  }

  /** The container's bytes on their way to the format. */
  counted(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    this.#stream = this.#count(stream, this.#bytesIn === 0);
    return this.#stream;
  }

  async close(): Promise<void> {
    this.#clock.stop();
    this.#context.signal.removeEventListener('abort', this.#onScanAbort);
    await this.#stream?.return();
  }

  async member(member: Member): Promise<Fate | void> {
    this.#abort.signal.throwIfAborted();
    this.#context.budget.takeEntry();
    this.#members++;
    this.#judgeName(member.name);
    const broke: { error: unknown }[] = [];
    let fate: Fate | undefined;
    this.#clock.pause();
    try {
      fate = (await this.#sink.member({ ...member, content: this.#metered(member, broke) })) ?? undefined;
    } catch (error) {
      if (broke[0]?.error !== error) throw new ConsumerFailure(error);
    } finally {
      this.#clock.resume();
    }
    const error = broke[0]?.error;
    // One that is larger than a member may be ends there; its container goes on.
    if (error instanceof LargeMember)
      this.gap(error.reason, error.message, { member: member.name, bytes: error.bytes });
    else if (broke[0] !== undefined) throw error;
    return fate;
  }

  gap(...args: Parameters<MemberSink['gap']>): void {
    this.#sink.gap(...args);
  }

  unsafe(...args: Parameters<MemberSink['unsafe']>): void {
    this.#sink.unsafe(...args);
  }

  measure(name: string, value: number): void {
    this.#sink.measure(name, value);
  }

  link(kind: 'symbolic' | 'hard', name: Member['name'], target: Member['name'] | null): void {
    this.#context.budget.takeEntry();
    this.#judgeName(name);
    this.measure('links', 1);
    if (target !== null && leadsOut(kind, name, target)) this.measure('outward_links', 1);
    if (kind === 'symbolic') this.#links.add(name);
  }

  device(name: Member['name']): void {
    this.#context.budget.takeEntry();
    this.#judgeName(name);
    this.measure('devices', 1);
  }

  #judgeName(name: Member['name']): void {
    const { absolute, climbs, nul } = nameTraits(name);
    if (absolute) this.measure('absolute_names', 1);
    if (nul) this.measure('nul_names', 1);
    if (climbs)
      this.unsafe('path-traversal', 'the name leads out of the folder it is unpacked in', { member: name });
    const link = this.#links.crossedBy(name);
    if (link !== null) {
      const detail = 'would be written through a link that the same archive makes';
      this.unsafe('write-through-link', detail, { member: name });
    }
  }

  /** Counts what the examiner takes. Time runs while the format works on the next chunk, not while it is examined. */
  async *#metered(
    { content, size }: Member,
    broke: { error: unknown }[],
  ): AsyncGenerator<Buffer, void, undefined> {
    const chunks = content[Symbol.asyncIterator]();
    const most = this.#context.budget.limits.max_member_bytes ?? Infinity;
    let taken = 0;
    let more = false;
    let open = true;
    try {
      for (;;) {
        let step;
        this.#clock.resume();
        try {
          this.#abort.signal.throwIfAborted();
          if (more) throw new LargeMember(taken, size);
          step = await chunks.next();
          if (step.done !== true) {
            more = step.value.length > most - taken;
            if (more) step.value = step.value.subarray(0, most - taken);
            taken += step.value.length;
            this.#spend(step.value.length);
          }
        } catch (error) {
          const reason = this.#timedOut ?? error;
          broke.push({ error: reason });
          throw reason;
        } finally {
          this.#clock.pause();
        }
        if (step.done === true) {
          open = false;
          return;
        }
        yield step.value;
      }
    } finally {
      if (open) await chunks.return?.();
    }
  }

  #spend(count: number): void {
    const { budget } = this.#context;
    const { max_ratio } = budget.limits;
    this.#bytesOut += count;
    const sparse = this.#format?.sparse === true;
    if (!sparse && this.#bytesOut > BOMB_BYTES && this.#bytesOut > max_ratio * this.#bytesIn) {
      throw new Bomb(this.#bytesOut, this.#bytesIn, max_ratio);
    }
    const tree = budget.takeBytes(count, sparse);
    if (tree !== null) throw new Bomb(tree.bytesOut, tree.bytesIn, max_ratio);
  }

  async *#count(stream: AsyncIterable<Buffer>, counts: boolean): AsyncGenerator<Buffer, void, undefined> {
    const chunks = stream[Symbol.asyncIterator]();
    let open = true;
    try {
      for (;;) {
        // Whoever brings the bytes may take as long as it likes: that is not this container's time.
        this.#clock.pause();
        const step = await chunks.next().finally(() => this.#clock.resume());
        this.#abort.signal.throwIfAborted();
        if (step.done === true) {
          open = false;
          return;
        }
        if (counts) this.#bytesIn += step.value.length;
        yield step.value;
      }
    } finally {
      if (open) await chunks.return?.();
    }
  }
}
