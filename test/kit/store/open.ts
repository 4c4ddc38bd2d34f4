import { openStore, type Store } from '../../../src/store/index.ts';

/** Clocks that a test moves: the wall's, and the one that never jumps. */
export interface Clocks {
  now: Date;
  monotonicMs: number;
}

export interface Opened {
  readonly store: Store;
  readonly clocks: Clocks;
}

/** A store of one test, with clocks of its own. */
export async function openTestStore(dataDir: string, clocks: Clocks = newClocks()): Promise<Opened> {
  const store = await openStore({
    dataDir,
    who: 'a test',
    what: 'a test',
    waitMs: 0,
    leftOver: async () => null,
    now: () => clocks.now,
    monotonicMs: () => clocks.monotonicMs,
  });
  return { store, clocks };
}

export function newClocks(): Clocks {
  return { now: new Date('2026-11-28T12:00:00.000Z'), monotonicMs: 1000 };
}

export function pass(clocks: Clocks, ms: number): void {
  clocks.now = new Date(clocks.now.getTime() + ms);
  clocks.monotonicMs += ms;
}
