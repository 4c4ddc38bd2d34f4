import type { Log } from '../../../observe/index.ts';
import { Names, type Privacy, type Sink } from '../../../outward/index.ts';
import type { SinkStanding, Store } from '../../../store/index.ts';
import { Carrier } from './carrier.ts';
import { Describer } from './describe.ts';
import { signOfLife } from './sign-of-life.ts';

export interface OutboxOptions {
  readonly store: Store;
  readonly log: Log;
  readonly version: string;
  readonly sinks: readonly Sink[];
  readonly privacy: Privacy;
  readonly per_minute: number;
  readonly retry_max: number;
  readonly heartbeat: number;
}

/** How one sink stands, and how many records of the journal are before it. */
export interface SinkState extends SinkStanding {
  readonly lag: number;
}

/**
 * Tells everybody outside what the journal says, each receiver at its own pace (DESIGN: events leave through one durable
 * outbox, and that is the journal).
 */
export class Outbox {
  readonly #store: Store;
  readonly #carriers: readonly Carrier[];

  private constructor(store: Store, carriers: readonly Carrier[]) {
    this.#store = store;
    this.#carriers = carriers;
  }

  /** Each sink goes on where it was; a new one begins with what comes from now on, and is told so. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const { store, sinks, privacy, version } = options;
    const names = new Names(privacy, Buffer.from(await store.sinks.namesKey(), 'base64'));
    const describer = new Describer(store, names, { instance: await store.instanceId(), version });
    await store.sinks.turnOff(sinks.map(({ name }) => name));
    const carriers: Carrier[] = [];
    for (const sink of sinks) {
      const kept = await store.sinks.open(sink.name);
      const standing: SinkStanding = kept.state === 'off' ? { ...kept, state: 'new' } : kept;
      const life = async () => signOfLife(store, describer);
      carriers.push(new Carrier({ ...options, sink, describer, life }, standing));
    }
    return new Outbox(store, carriers);
  }

  /** Until the signal is aborted, and a moment longer. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#carriers.map(async (carrier) => carrier.run(signal)));
  }

  async states(): Promise<readonly SinkState[]> {
    if (this.#carriers.length === 0) return [];
    const { seq } = await this.#store.journal.head();
    return this.#carriers.map(({ standing }) => ({ ...standing, lag: Math.max(0, seq - standing.seq) }));
  }
}
