import { setTimeout as sleep } from 'node:timers/promises';
import type { Arrival, WatchedFolder, WatchEvent } from '../../intake/index.ts';
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
}

/** From here on a file takes the slow lane, in bytes: seconds of work, where small ones take milliseconds. */
const LARGE_BYTES = 8 * 1024 * 1024;
const RETRY_MS = 1000;

/** Brings what intake meets into the store; nothing is touched before its row is there. */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  /** null: nobody has looked yet. */
  complete: boolean | null = null;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /** Until the signal is aborted. */
  async run(): Promise<void> {
    const { folder, signal, room } = this.#options;
    for await (const batch of folder.batches(signal)) {
      await this.#accept(batch);
      this.#tell(batch);
      await room();
    }
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

  #tell(batch: readonly WatchEvent[]): void {
    const { log, metrics } = this.#options;
    for (const event of batch) {
      switch (event.type) {
        case 'skipped':
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
          break;
        case 'arrival':
          break;
        default:
          event satisfies never;
      }
    }
  }
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
