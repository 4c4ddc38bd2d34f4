import { setTimeout as sleep } from 'node:timers/promises';
import { inWords } from '../../../domain/index.ts';
import type { Log } from '../../../observe/index.ts';
import type { Delivery, OutwardEvent, Sink } from '../../../outward/index.ts';
import type { SinkStanding, Store } from '../../../store/index.ts';
import { backOffMs } from './back-off.ts';
import type { Describer } from './describe.ts';
import { planFrom, type Plan, type Position, type Step } from './plan.ts';

export interface CarrierOptions {
  readonly sink: Sink;
  readonly store: Store;
  readonly log: Log;
  readonly describer: Describer;
  /** Records of one minute that are told one by one. */
  readonly per_minute: number;
  /** The longest pause between two attempts, in ms. */
  readonly retry_max: number;
  /** Between two signs of life, in ms. */
  readonly heartbeat: number;
  readonly life: () => Promise<OutwardEvent>;
}

const POLL_MS = 500;
/** A sink that answers nothing for so long is left, whatever it waits for. */
const DELIVER_WITHIN_MS = 300_000;
/** After the end of the service; what is not known to have arrived is told again. */
const FAREWELL_MS = 1000;
/** A receiver that is being put up again refuses for a moment: so often before an event is set aside. */
const REFUSALS = 3;

/**
 * Carries the journal to one sink, in order and at least once. All that is kept is the sink's position: while its receiver is
 * away, nothing piles up but the journal. Whatever it meets, the other sinks do not notice.
 */
export class Carrier {
  readonly #options: CarrierOptions;
  #standing: SinkStanding;
  /** How often the event that comes next was refused. */
  #refusals = 0;
  #beatAt = performance.now();

  constructor(options: CarrierOptions, standing: SinkStanding) {
    this.#options = options;
    this.#standing = standing;
  }

  /** As of the last attempt. */
  get standing(): SinkStanding {
    return this.#standing;
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { sink, log } = this.#options;
    while (!signal.aborted) {
      let pause = POLL_MS;
      try {
        pause = await this.#turn(signal);
      } catch (error) {
        // Of the store: it is tried again, and nothing has moved.
        log.error('events cannot be read or their cursor kept', { sink: sink.name, untrusted: { error } });
        pause = backOffMs(3, this.#options.retry_max);
      }
      if (pause > 0) await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
    await sink.close();
  }

  /** One batch; resolves to how long to wait before the next, in ms. */
  async #turn(signal: AbortSignal): Promise<number> {
    const { describer } = this.#options;
    const { steps, end, more } = await this.#plan();
    if (steps.length === 0) {
      if (end.seq !== this.#standing.seq || this.#standing.waiting_since !== null)
        await this.#save({ ...end, waiting_since: null });
      return (await this.#beat(signal)) ?? POLL_MS;
    }
    const events: OutwardEvent[] = [];
    for (const step of steps) events.push(await describer.describe(step));
    const delivery = await this.#deliver(events, signal);
    const arrived = delivery.outcome === 'done' ? steps.length : delivery.delivered;
    const at = arrived === steps.length ? end : (steps[arrived - 1]?.after ?? null);
    if (delivery.outcome === 'done') {
      await this.#succeed(at, arrived, null);
      return this.#options.sink.pause_ms ?? (more ? 0 : POLL_MS);
    }
    if (arrived > 0) {
      this.#refusals = 0;
      await this.#succeed(at, arrived, events[arrived]?.time ?? null);
    }
    if (signal.aborted) return 0;
    const [next, step] = [events[arrived], steps[arrived]];
    if (next === undefined || step === undefined) return 0;
    return this.#fail(delivery, next, step, signal);
  }

  async #plan(): Promise<Plan> {
    const { sink, store } = this.#options;
    const perMinute = sink.each === true ? Number.POSITIVE_INFINITY : this.#options.per_minute;
    const { seq, hash, minute, in_minute, last_success_at } = this.#standing;
    const from: Position = { seq, hash, minute, in_minute };
    const wants = sink.wants?.bind(sink);
    if (last_success_at === null && wants?.({ type: 'begun', severity: 'info' }) !== false)
      return { steps: [{ what: 'begun', after: from }], end: from, more: true };
    return planFrom(store.journal, from, { limit: sink.batch, perMinute, now: Date.now(), wants });
  }

  async #fail(
    delivery: Exclude<Delivery, { outcome: 'done' }>,
    next: OutwardEvent,
    step: Step,
    signal: AbortSignal,
  ): Promise<number> {
    const { sink, log, retry_max, describer } = this.#options;
    this.#refusals = delivery.outcome === 'refused' ? this.#refusals + 1 : 0;
    if (this.#refusals >= REFUSALS) {
      // The receiver is asked whether it takes anything: only then is this event the reason.
      const instead = await this.#deliver([describer.inPlaceOf(next, delivery.why)], signal);
      if (instead.outcome === 'done') {
        log.error('an event was refused for good, and set aside', {
          sink: sink.name,
          event: next.id,
          type: next.type,
          untrusted: { why: delivery.why },
        });
        this.#refusals = 0;
        await this.#save({
          ...step.after,
          set_aside: this.#standing.set_aside + 1,
          state: 'ok',
          failures: 0,
          last_success_at: new Date().toISOString(),
        });
        return 0;
      }
    }
    const failures = this.#standing.failures + 1;
    const state = this.#refusals >= REFUSALS ? 'refused' : 'failing';
    if (state !== this.#standing.state) {
      const facts = { sink: sink.name, untrusted: { why: delivery.why } };
      if (state === 'refused') log.error('a receiver of events refuses everything', facts);
      else log.warn('events cannot be delivered, and are tried again', facts);
    }
    await this.#save({
      state,
      failures,
      detail: delivery.why,
      last_failure_at: new Date().toISOString(),
      waiting_since: next.time,
    });
    const asked = delivery.outcome === 'later' ? (delivery.after_ms ?? 0) : 0;
    return backOffMs(failures, retry_max, asked);
  }

  /** A sign of life when it is time for one and nothing waits; null: it was not. A lost one is not told again. */
  async #beat(signal: AbortSignal): Promise<number | null> {
    const { sink, heartbeat, life } = this.#options;
    if (performance.now() - this.#beatAt < heartbeat) return null;
    this.#beatAt = performance.now();
    if (sink.wants?.({ type: 'heartbeat', severity: 'info' }) === false) return null;
    const delivery = await this.#deliver([await life()], signal);
    if (delivery.outcome === 'done') {
      await this.#succeed(null, 0, null);
      return POLL_MS;
    }
    if (signal.aborted) return 0;
    await this.#save({
      state: 'failing',
      failures: this.#standing.failures + 1,
      detail: delivery.why,
      last_failure_at: new Date().toISOString(),
    });
    return null;
  }

  async #succeed(at: Position | null, events: number, waiting_since: string | null): Promise<void> {
    const { sink, log } = this.#options;
    if (['failing', 'refused'].includes(this.#standing.state))
      log.info('events are delivered again', { sink: sink.name });
    this.#refusals = 0;
    await this.#save({
      ...at,
      state: 'ok',
      failures: 0,
      delivered: this.#standing.delivered + events,
      last_success_at: new Date().toISOString(),
      waiting_since,
    });
  }

  async #save(change: Partial<SinkStanding>): Promise<void> {
    const standing = { ...this.#standing, ...change };
    await this.#options.store.sinks.save(standing);
    this.#standing = standing;
  }

  /** Never rejects, and ends with the signal or the deadline even if the sink does not. */
  async #deliver(events: readonly OutwardEvent[], ended: AbortSignal): Promise<Delivery> {
    const signal = AbortSignal.any([ended, AbortSignal.timeout(DELIVER_WITHIN_MS)]);
    const left = new Promise<Delivery>((resolve) => {
      const leave = (): void => {
        setTimeout(() => resolve(later('it was not done in time')), FAREWELL_MS).unref();
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    });
    const sent = this.#options.sink.deliver(events, signal).catch((error: unknown) => later(inWords(error)));
    return Promise.race([sent, left]);
  }
}

function later(why: string): Delivery {
  return { outcome: 'later', delivered: 0, why };
}
