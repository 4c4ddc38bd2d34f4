import type { OutwardEvent } from './event.ts';

/**
 * What came of a batch. `delivered`: how many of it, from its beginning, have arrived; the rest is offered again.
 * `later`: what comes next cannot be taken now (`after_ms`: not before). `refused`: the receiver says that it will never
 * take what comes next.
 */
export type Delivery =
  | { readonly outcome: 'done' }
  | {
      readonly outcome: 'later';
      readonly delivered: number;
      readonly why: string;
      readonly after_ms?: number;
    }
  | { readonly outcome: 'refused'; readonly delivered: number; readonly why: string };

/** One receiver of events. docs/design.md says how one is added. */
export interface Sink {
  /** Names its cursor in the store: never changes, whatever address it sends to. */
  readonly name: string;
  /** Events of one batch at most. */
  readonly batch: number;
  /** Absent: it takes all types. What it does not want is passed over, and is no gap. */
  readonly wants?: (event: Pick<OutwardEvent, 'type' | 'severity'>) => boolean;
  /** True: it is told of every record and gets no digests, since it makes few of many itself. */
  readonly each?: boolean;
  /** From one delivery to the next, in ms: what comes meanwhile is in one batch. Absent: at once. */
  readonly pause_ms?: number;
  /**
   * Delivers in order. Has time-outs of its own and ends soon after the signal; `why` is for people, and shows no
   * secret. What it throws counts as `later`.
   */
  deliver(batch: readonly OutwardEvent[], signal: AbortSignal): Promise<Delivery>;
  close(): Promise<void>;
}
