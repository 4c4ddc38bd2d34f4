import type { JournalRecord } from '../../../domain/index.ts';
import type { Journal } from '../../../store/index.ts';
import { tellingOf, type Sink } from '../../../outward/index.ts';

/** How far a sink has come: what it is planned from again after a crash, to the same events. */
export interface Position {
  readonly seq: number;
  readonly hash: string;
  /** Of that record, to the minute. */
  readonly minute: string;
  /** Records of this minute that were told one by one. */
  readonly in_minute: number;
}

/** Records that are told together. */
export interface Digest {
  readonly first: JournalRecord;
  readonly last: JournalRecord;
  readonly records: number;
  /** By type and decision: `decision.auto_approve`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Records that this sink can never be told of. */
export interface Hole {
  readonly after: { readonly seq: number; readonly hash: string };
  /** The next record that there is; null: there is none. */
  readonly next: { readonly seq: number; readonly hash: string } | null;
  /** How many; null: nobody knows. */
  readonly missing: number | null;
}

export type Step = { readonly after: Position } & (
  | { readonly what: 'record'; readonly record: JournalRecord }
  | { readonly what: 'digest'; readonly digest: Digest }
  | { readonly what: 'hole'; readonly hole: Hole }
  /** The first event of a new sink: what was before is not told. */
  | { readonly what: 'begun' }
);

export interface Plan {
  readonly steps: readonly Step[];
  /** Where the sink stands once all of them are done: records that nobody is told of are passed over. */
  readonly end: Position;
  /** There may be more to do at once. */
  readonly more: boolean;
}

const PAGE = 200;
/** Records of a digest that are read in one go; what is beyond is another digest. */
const MAX_DIGEST = 100_000;
const MINUTE_CHARACTERS = '2026-01-01T00:00'.length;
/** A record gets its time a little before its place in the journal. */
const LATE_MS = 2000;
const MINUTE_MS = 60_000;
const BEGINNING = '0'.repeat(64);

/**
 * What a sink is to be told next. It follows from the journal alone: the same position gives the same events with the same
 * ids, whenever it is asked. The first `perMinute` records of a minute are told one by one, the others in one digest
 * once the minute is over (ATTACKS D7).
 */
export async function planFrom(journal: Journal, from: Position, options: PlanOptions): Promise<Plan> {
  const planning = new Planning(from, options);
  let read: { readonly seq: number; readonly hash: string } = from;
  for (;;) {
    const page = await journal.read({ after: read.seq, limit: PAGE });
    const hole = await holeBefore(journal, read, page[0]);
    if (hole !== null) return planning.broken(hole, page[0]);
    for (const record of page) {
      if (planning.isFull) return planning.plan(true);
      planning.add(record);
      read = record;
    }
    if (page.length < PAGE) return planning.atEnd();
  }
}

export interface PlanOptions {
  /** Steps at most. */
  readonly limit: number;
  readonly perMinute: number;
  readonly now: number;
  readonly wants: Sink['wants'];
}

class Planning {
  readonly #options: PlanOptions;
  readonly #steps: Step[] = [];
  #at: Position;
  #open: { first: JournalRecord; last: JournalRecord; records: number; minute: string } | null = null;
  #counts: Record<string, number> = {};

  constructor(from: Position, options: PlanOptions) {
    this.#at = from;
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#steps.length >= this.#options.limit;
  }

  add(record: JournalRecord): void {
    const { perMinute, wants } = this.#options;
    const { seq, hash } = record;
    const minute = record.time.slice(0, MINUTE_CHARACTERS);
    if (this.#open !== null && this.#open.minute !== minute) this.#close();
    const telling = tellingOf(record.action, record.decision);
    if (telling === null || wants?.(telling) === false) {
      if (this.#open === null) this.#at = { ...this.#at, seq, hash };
      return;
    }
    if (telling.always) this.#close();
    const told = minute === this.#at.minute ? this.#at.in_minute : 0;
    if (telling.always || (this.#open === null && told < perMinute)) {
      this.#at = { seq, hash, minute, in_minute: telling.always ? told : told + 1 };
      this.#steps.push({ what: 'record', record, after: this.#at });
      return;
    }
    const key = record.decision === null ? telling.type : `${telling.type}.${record.decision}`;
    this.#counts[key] = (this.#counts[key] ?? 0) + 1;
    this.#open ??= { first: record, last: record, records: 0, minute };
    this.#open.last = record;
    this.#open.records++;
    if (this.#open.records >= MAX_DIGEST) this.#close();
  }

  plan(more: boolean): Plan {
    return { steps: this.#steps, end: this.#at, more };
  }

  /** There is no more in the journal: a digest waits until its minute is over. */
  atEnd(): Plan {
    const minute = this.#open?.minute ?? null;
    if (minute !== null && this.#options.now >= Date.parse(`${minute}:00.000Z`) + MINUTE_MS + LATE_MS)
      this.#close();
    return this.plan(false);
  }

  /** The sink goes on behind the hole. */
  broken(hole: Hole, next: JournalRecord | undefined): Plan {
    this.#close();
    const before = next === undefined ? { seq: 0, hash: BEGINNING } : { seq: next.seq - 1, hash: next.prev };
    this.#at = { ...before, minute: '', in_minute: 0 };
    this.#steps.push({ what: 'hole', hole, after: this.#at });
    return this.plan(true);
  }

  #close(): void {
    if (this.#open === null) return;
    const { first, last, records, minute } = this.#open;
    this.#at = { seq: last.seq, hash: last.hash, minute, in_minute: this.#options.perMinute };
    this.#steps.push({
      what: 'digest',
      digest: { first, last, records, counts: this.#counts },
      after: this.#at,
    });
    this.#open = null;
    this.#counts = {};
  }
}

/** The journal does not go on where the sink is: it was shortened, changed, or is another one. Null: it does. */
async function holeBefore(
  journal: Journal,
  at: { readonly seq: number; readonly hash: string },
  next: JournalRecord | undefined,
): Promise<Hole | null> {
  const after = { seq: at.seq, hash: at.hash };
  if (next === undefined) {
    const head = await journal.head();
    if (head.seq > at.seq || (head.seq === at.seq && head.hash === at.hash)) return null;
    // Shorter than what was told already: everything in it is told (again), from its beginning.
    return { after, next: null, missing: null };
  }
  if (next.seq === at.seq + 1 && next.prev === at.hash) return null;
  const { seq, hash } = next;
  return { after, next: { seq, hash }, missing: seq > at.seq + 1 ? seq - at.seq - 1 : null };
}
