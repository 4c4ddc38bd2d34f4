import type { Met } from '../intake/index.ts';

/** How far a scan is. */
export interface ScanState {
  /** Files met so far. */
  readonly filesKnown: number;
  readonly bytesKnown: number;
  /** All of them were met. */
  readonly totalKnown: boolean;
  /** Bytes of given files that were read so far. */
  readonly bytesDone: number;
}

/** Whoever shows a running scan, or measures its processes. */
export interface Watcher {
  started(running: { readonly state: () => ScanState; readonly pids: () => readonly number[] }): void;
}

/** Counts what is met on its way past. */
export function metered(source: AsyncIterable<Met>): {
  readonly all: AsyncGenerator<Met, void, undefined>;
  state(): Omit<ScanState, 'bytesDone'>;
} {
  let endless = false;
  const state = { filesKnown: 0, bytesKnown: 0, totalKnown: false };
  async function* all(): AsyncGenerator<Met, void, undefined> {
    for await (const one of source) {
      if (one.type === 'file' || one.type === 'stream') state.filesKnown++;
      if (one.type === 'stream') endless = true; // Nobody knows how much is still to come.
      if (one.type === 'file') state.bytesKnown += one.size;
      if (one.type === 'passed') {
        state.filesKnown += one.files;
        state.bytesKnown += one.bytes;
      }
      if (one.type === 'set') {
        state.filesKnown += one.parts.length;
        for (const { size } of one.parts) state.bytesKnown += size;
      }
      yield one;
    }
    state.totalKnown = !endless;
  }
  return { all: all(), state: () => ({ ...state }) };
}
