import { setTimeout as sleep } from 'node:timers/promises';
import type { Arrival, SweepDone, WatchedFolder, WatchEvent } from '../../intake/index.ts';
import type { Log } from '../../observe/index.ts';
import type { Lane, Sighting, Store } from '../../store/index.ts';
import { shown } from './examination.ts';
import type { ServiceMetrics } from './service-metrics.ts';

export interface ArrivalsOptions {
  readonly store: Store;
  readonly folder: WatchedFolder;
  readonly log: Log;
  readonly metrics: ServiceMetrics;
  readonly signal: AbortSignal;
  /** Something waits to be examined. */
  readonly accepted: () => void;
  /** Resolves when there is room for more. */
  readonly room: () => Promise<void>;
  /** A folder that has not answered for so long hangs, in ms. */
  readonly hangs_ms: number;
}

/** From here on a file takes the slow lane, in bytes: seconds of work, where small ones take milliseconds. */
const LARGE_BYTES = 8 * 1024 * 1024;
const RETRY_MS = 1000;
/** What was moved out of a folder longer ago than this, in ms, came with an earlier copy of it. */
const APART_MS = 3_600_000;
const WATCH_MS = 1000;

/** Brings what intake meets into the store; nothing is touched before its row is there. */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  /** null: nobody has looked yet. */
  complete: boolean | null = null;
  /** What the store knows of unrest: since when, by key as latin1. */
  #lingering = new Map<string, string>();
  /** The sums of what it was told last. */
  #unrest = '';
  #hangs = false;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /** Until the signal is aborted. */
  async run(): Promise<void> {
    const { folder, signal, room } = this.#options;
    // By itself: whoever waits for the file system can tell nobody.
    const watch = setInterval(() => this.#watch(), WATCH_MS);
    try {
      for await (const batch of folder.batches(signal)) {
        await this.#accept(batch);
        await this.#gather(batch);
        this.#tell(batch);
        await this.#keepUnrest(batch);
        await room();
      }
    } finally {
      clearInterval(watch);
    }
  }

  /** The file system has been asked, and does not answer: its server is gone. Nothing is lost by it, and nothing comes in. */
  get hangs(): boolean {
    return this.#hangs;
  }

  #watch(): void {
    const { folder, log, hangs_ms } = this.#options;
    const hangs = folder.unanswered_ms > hangs_ms;
    if (hangs && !this.#hangs) log.error('the watched folder does not answer');
    if (!hangs && this.#hangs) log.info('the watched folder answers again');
    this.#hangs = hangs;
  }

  /** The next batch is not asked for before this one is in the store: what is not would be forgotten. */
  async #accept(batch: readonly WatchEvent[]): Promise<void> {
    const { store, log, signal, accepted } = this.#options;
    const sightings = batch.filter((event) => event.type === 'arrival').map(sightingOf);
    if (sightings.length === 0) return;
    for (;;) {
      try {
        const sum = await store.files.accept(sightings);
        for (const file of sum.accepted) {
          log.debug('file accepted', { file: file.id, untrusted: { path: shown(file.path) } });
        }
        if (sum.superseded > 0) log.info('files were replaced by newer ones', { files: sum.superseded });
        if (sum.accepted.length > 0) {
          log.info('files accepted', { files: sum.accepted.length });
          accepted();
        }
        return;
      } catch (error) {
        log.error('what arrived could not be entered into the store', { untrusted: { error } });
        await sleep(RETRY_MS, undefined, { signal });
      }
    }
  }

  /**
   * What was met file by file before its folder looked like a set waits with it from now on; once it is one, it is said what of it
   * was moved by then.
   */
  async #gather(batch: readonly WatchEvent[]): Promise<void> {
    const { store, log } = this.#options;
    for (const event of batch) {
      const set = setOf(event);
      if (set === null) continue;
      const { path, kind, display } = set;
      try {
        const since = new Date(Date.now() - APART_MS).toISOString();
        const { gathered, apart } = await store.files.gather(path, since);
        const untrusted = { path: display };
        if (gathered > 0) log.info('files wait as parts of a set', { files: gathered, kind, untrusted });
        if (apart > 0 && event.type === 'arrival') {
          log.error('a part of a set was moved before it could be known as one', {
            files: apart,
            kind,
            untrusted,
          });
        }
      } catch (error) {
        // They are examined one by one, as they would have been; the whole is still held together when it is accepted.
        log.error('the files of a set could not be gathered', { kind, untrusted: { path: display, error } });
      }
    }
  }

  /** Since when something has not come to rest is known to the next process, too (ATTACKS A13). */
  async #keepUnrest(batch: readonly WatchEvent[]): Promise<void> {
    const done = batch.find((event): event is SweepDone => event.type === 'swept');
    if (done === undefined || !done.complete) return;
    const before = this.#lingering;
    const now = Date.now();
    const lingering = new Map(
      done.lingering.map(({ key, met_ms_ago: ago }) => {
        const name = key.toString('latin1');
        return [name, before.get(name) ?? new Date(now - ago).toISOString()];
      }),
    );
    const isSame = lingering.size === before.size && [...lingering.keys()].every((name) => before.has(name));
    const { unsettled: files, begun_sets } = done;
    const unrest = [files, begun_sets, ...done.begun.map(({ path }) => path.toString('base64'))].join(' ');
    if (isSame && unrest === this.#unrest) return;
    const ago = (ms: number): string => new Date(now - ms).toISOString();
    const begun = done.begun.map(({ path, kind, met_ms_ago }) => ({ path, kind, met_at: ago(met_ms_ago) }));
    const oldest_at = files === 0 ? null : ago(done.oldest_unsettled_ms);
    try {
      await this.#options.store.unsettled.replace(
        { files, oldest_at, begun_sets, begun },
        [...lingering].map(([name, met_at]) => ({ path: Buffer.from(name, 'latin1'), met_at })),
      );
      this.#lingering = lingering;
      this.#unrest = unrest;
    } catch (error) {
      this.#options.log.error('what is not at rest could not be noted', { untrusted: { error } });
    }
  }

  #tell(batch: readonly WatchEvent[]): void {
    const { log, metrics } = this.#options;
    for (const event of batch) {
      switch (event.type) {
        case 'skipped':
          if (event.reason === 'empty') {
            log.info('a folder without files: nothing to decide', { untrusted: { path: event.display } });
            break;
          }
          metrics.skipped(event.reason);
          log.warn('not scanned, by rule', { reason: event.reason, untrusted: { path: event.display } });
          break;
        case 'unreadable':
          metrics.skipped('unreadable');
          log.warn('cannot be looked at', { untrusted: { path: event.display, why: event.message } });
          break;
        case 'swept':
          if (this.complete === true && !event.complete) log.error('the watched folder cannot be read');
          this.complete = event.complete;
          metrics.swept(event.active_ms / 1000, event.unsettled, event.oldest_unsettled_ms / 1000);
          metrics.begun(event.begun_sets);
          break;
        case 'begun':
          log.info(
            'a folder looks like the beginning of a set: it is left alone until it is whole, or rests',
            {
              kind: event.kind,
              untrusted: { path: event.display },
            },
          );
          break;
        case 'let_go':
          log.warn(
            'a folder that looked like the beginning of a set is none: its files are taken one by one',
            {
              kind: event.kind,
              untrusted: { path: event.display },
            },
          );
          break;
        case 'arrival':
          this.#tellIncomplete(event);
          break;
        default:
          event satisfies never;
      }
    }
  }

  #tellIncomplete({ unit: { kind, begun, display }, never_settled }: Arrival): void {
    if (kind !== 'begun') return;
    this.#options.log.warn('a set of which a part is missing is examined as it is, and stays together', {
      kind: begun,
      why: never_settled ? 'something keeps changing it' : 'it rests',
      untrusted: { path: display },
    });
  }
}

/** A folder that is a set, or looks like the beginning of one. */
function setOf(
  event: WatchEvent,
): { readonly path: Buffer; readonly kind: string; readonly display: string } | null {
  if (event.type === 'begun') return event;
  if (event.type !== 'arrival' || ['file', 'volumes', 'dropped'].includes(event.unit.kind)) return null;
  return event.unit;
}

function sightingOf({ unit, share, never_settled }: Arrival): Sighting {
  const { path, identity, size, kind, set } = unit;
  const others = set?.parts.slice(1).map((part) => part.path) ?? [];
  return {
    path,
    unit: kind,
    others,
    identity,
    share,
    lane: laneOf(size),
    never_settled,
  };
}

export function laneOf(size: number): Lane {
  return size > LARGE_BYTES ? 'large' : 'fresh';
}
