import { WatchedFolder, type Arrival, type WatchEvent, type WatchOptions } from '../../src/intake/index.ts';

const DEADLINE_MS = 30_000;

/** A folder that is watched as the service does, with everything that was told of it. */
export interface Watching {
  readonly folder: WatchedFolder;
  readonly events: WatchEvent[];
  /** Paths below the root, as latin1, in the order in which they were handed on. */
  arrivals(): string[];
  arrival(name: string): Arrival | undefined;
  /** Resolves when it holds; fails after the deadline, 30 s by default. */
  until(holds: () => boolean, what?: string, deadlineMs?: number): Promise<void>;
  /** Resolves after so many more complete sweeps. */
  sweeps(count: number): Promise<void>;
  stop(): Promise<void>;
}

export function watching(root: Buffer | string, options: Partial<WatchOptions> = {}): Watching {
  const path = Buffer.from(root);
  const folder = new WatchedFolder({
    root: path,
    unit: 'file',
    ours: () => false,
    interval_ms: 100,
    settle_ms: 100,
    delayed: ['*.part', '*~'],
    delay_ms: 3_600_000,
    never_settled_ms: 86_400_000,
    volumes_ms: 300,
    sets_ms: 500,
    ...options,
  });
  const controller = new AbortController();
  const events: WatchEvent[] = [];
  const waiting = new Set<() => void>();
  let failure: unknown = null;
  const run = (async () => {
    for await (const batch of folder.batches(controller.signal)) {
      events.push(...batch);
      for (const look of waiting) look();
    }
  })().catch((error: unknown) => {
    failure = error;
    for (const look of waiting) look();
  });
  const name = (full: Buffer): string => full.toString('latin1', path.length + 1);
  const arrivals = (): Arrival[] => events.filter((event) => event.type === 'arrival');
  const seen = (): string =>
    JSON.stringify(
      arrivals()
        .map(({ unit }) => name(unit.path))
        .slice(-20),
    );
  const until: Watching['until'] = async (holds, what = 'what was waited for', deadlineMs = DEADLINE_MS) => {
    await new Promise<void>((resolve, reject) => {
      const end = (error: unknown): void => {
        waiting.delete(look);
        clearTimeout(late);
        if (error === null) resolve();
        else reject(error instanceof Error ? error : new Error('the watch failed', { cause: error }));
      };
      const look = (): void => {
        if (failure !== null) end(failure);
        else if (holds()) end(null);
      };
      const late = setTimeout(() => end(new Error(`${what} did not come; seen: ${seen()}`)), deadlineMs);
      waiting.add(look);
      look();
    });
  };
  const swept = (): number => events.filter(({ type }) => type === 'swept').length;
  return {
    folder,
    events,
    arrivals: () => arrivals().map(({ unit }) => name(unit.path)),
    arrival: (wanted) => arrivals().findLast(({ unit }) => name(unit.path) === wanted),
    until,
    sweeps: async (count) => {
      const goal = swept() + count;
      await until(() => swept() >= goal, 'another sweep');
    },
    stop: async () => {
      controller.abort();
      await run;
    },
  };
}
