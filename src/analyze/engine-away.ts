import type { GapReason } from '../domain/index.ts';
import type { Analyzer } from './analyzer.ts';

/** An engine that will not be asked in this run, and why. */
export interface Away {
  readonly away: Extract<GapReason, 'engine_off' | 'engine_failed'>;
  readonly detail: string;
}

/** Stands in for such an engine: every artifact gets a gap, so that nobody takes it for inspected. */
export function engineAway(id: string, { away, detail }: Away): Analyzer {
  return {
    id,
    version: `${id}/away`,
    isAway: true,
    examine: () => {
      let bytes = 0;
      return {
        write: (chunk) => {
          bytes += chunk.length;
        },
        end: async () => ({
          claims: [],
          measurements: {},
          misses: bytes === 0 ? [] : [{ reason: away, detail, bytes }],
          inspected_bytes: 0,
          windowed: false,
        }),
        abort: () => undefined,
      };
    },
    close: async () => undefined,
  };
}
