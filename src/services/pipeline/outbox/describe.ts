import { createHash } from 'node:crypto';
import { nameFromBytes } from '../../../bytes/index.ts';
import type { JournalRecord } from '../../../domain/index.ts';
import {
  ABOUT_NOTHING,
  bounded,
  tellingOf,
  type Names,
  type OutwardEvent,
  type OutwardReview,
  type Telling,
} from '../../../outward/index.ts';
import type { Review, Store } from '../../../store/index.ts';
import type { Step } from './plan.ts';

/** Findings and gaps of one event: as many as a person reads. The total is in the event. */
const MAX_FINDINGS = 20;
const MAX_TRAIL = 16;
const MAX_RULES = 40;

export type Bare = Pick<OutwardEvent, 'id' | 'type' | 'severity' | 'time' | 'summary' | 'journal'> &
  Partial<OutwardEvent>;

/** Turns what is to be told into events, with what the store knows besides. */
export class Describer {
  readonly #store: Store;
  readonly #names: Names;
  readonly #from: { readonly instance: string; readonly version: string };

  constructor(store: Store, names: Names, from: { readonly instance: string; readonly version: string }) {
    this.#store = store;
    this.#names = names;
    this.#from = from;
  }

  event(bare: Bare): OutwardEvent {
    return { ...ABOUT_NOTHING, ...this.#from, ...bare };
  }

  async describe(step: Step): Promise<OutwardEvent> {
    if (step.what === 'record') return this.#ofRecord(step.record);
    if (step.what === 'begun') return this.#ofBeginning(step.after);
    return step.what === 'digest' ? this.#ofDigest(step) : this.#ofHole(step);
  }

  /** In the place of an event that the receiver will never take: it says so itself. */
  inPlaceOf(event: OutwardEvent, why: string): OutwardEvent {
    return this.event({
      id: idOf('refused', event.id),
      type: 'gap',
      severity: 'high',
      time: event.time,
      summary: 'This receiver refused an event for good, and was not told of it',
      journal: event.journal,
      figures: { reason: 'refused', events: 1, event_id: event.id, event_type: event.type },
      detail: bounded(why),
    });
  }

  async #ofRecord(record: JournalRecord): Promise<OutwardEvent> {
    const { seq, hash, time, action, file, item, sha256, decision, verdict } = record;
    const telling = tellingOf(action, decision);
    if (telling === null) throw new TypeError(`nobody is told of ${action}`);
    const { type, severity, summary, plain } = telling;
    return this.event({
      id: hash,
      type,
      severity,
      time,
      summary,
      journal: { seq, hash },
      action,
      who: bounded(record.who),
      file,
      item,
      path: record.path === null ? null : this.#names.name(nameFromBytes(record.path)),
      sha256,
      decision,
      verdict,
      detail: plain && record.detail !== null ? bounded(record.detail) : this.#names.text(record.detail),
      ...(await this.#scanOf(record, telling)),
      review: await this.#reviewOf(record, telling),
    });
  }

  /** The scan that led to it: of this file, the last one that was finished by then. */
  async #scanOf({ file, time }: JournalRecord, { type }: Telling): Promise<Partial<OutwardEvent>> {
    if (file === null || !['decision', 'hold.opened', 'quarantine'].includes(type)) return {};
    const until = new Date(Date.parse(time) + 1).toISOString();
    const [last] = await this.#store.scans.list({ filter: { file, until }, limit: 1 });
    const scan = last === undefined ? null : await this.#store.scans.get(last.id);
    if (scan === null) return {};
    const { id, score, provisional, size, result } = scan;
    const findings = result?.findings ?? [];
    const gaps = new Map<string, { reason: string; by: string; artifacts: number }>();
    for (const { reason, by, artifacts = 1 } of result?.gaps ?? []) {
      const key = `${reason} ${by}`;
      const one = gaps.get(key) ?? { reason, by: bounded(by), artifacts: 0 };
      gaps.set(key, { ...one, artifacts: one.artifacts + artifacts });
    }
    return {
      scan: id,
      score,
      provisional,
      size,
      findings: findings.slice(0, MAX_FINDINGS).map(({ kind, engine, rule, weight, sha256, trail }) => ({
        kind,
        engine: bounded(engine),
        rule: bounded(rule),
        weight,
        sha256,
        trail: trail.slice(0, MAX_TRAIL).map((name) => this.#names.name(name)),
      })),
      findings_total: findings.length + (result?.omitted?.findings ?? 0),
      gaps: [...gaps.values()].slice(0, MAX_FINDINGS),
    };
  }

  async #reviewOf({ file, item }: JournalRecord, { type }: Telling): Promise<OutwardReview | null> {
    if (type === 'hold.escalated') return item === null ? null : shown(await this.#store.reviews.get(item));
    if (file === null || !['hold.opened', 'hold.decided', 'file.ended'].includes(type)) return null;
    return shown(await this.#store.reviews.lastOf(file));
  }

  #ofDigest({ digest }: Extract<Step, { what: 'digest' }>): OutwardEvent {
    const { first, last, records, counts } = digest;
    return this.event({
      id: idOf('digest', first.hash, last.hash),
      type: 'digest',
      severity: Object.keys(counts).some((key) => key.endsWith('.quarantine')) ? 'high' : 'medium',
      time: last.time,
      summary: 'More happened in one minute than is told one by one',
      journal: { seq: last.seq, hash: last.hash },
      figures: { events: records, first_seq: first.seq, last_seq: last.seq, ...counts },
    });
  }

  #ofBeginning({ seq, hash }: Step['after']): OutwardEvent {
    return this.event({
      id: idOf('begun', this.#from.instance, hash),
      type: 'begun',
      severity: 'info',
      time: new Date().toISOString(),
      summary: 'This receiver is told of what comes from now on',
      journal: { seq, hash },
    });
  }

  #ofHole({ hole, after }: Extract<Step, { what: 'hole' }>): OutwardEvent {
    const { after: at, next, missing } = hole;
    return this.event({
      id: idOf('hole', String(at.seq), at.hash, next?.hash ?? 'end'),
      type: 'gap',
      severity: 'critical',
      time: new Date().toISOString(),
      summary: 'The journal does not go on where this receiver was told last',
      journal: { seq: after.seq, hash: after.hash },
      figures: {
        reason: missing === null ? 'changed' : 'missing',
        events: missing,
        last_seq: at.seq,
        last_hash: at.hash,
        next_seq: next?.seq ?? null,
      },
    });
  }
}

function shown(review: Review | null): OutwardReview | null {
  if (review === null) return null;
  const { id, group, state, opened_at, rules } = review;
  return { id, group, state, opened_at, rules: rules.slice(0, MAX_RULES).map((rule) => bounded(rule)) };
}

/** Of an event that is no record of its own. */
export function idOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex');
}
