import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalEntry, JournalRecord } from '../../../src/domain/index.ts';
import { openLog } from '../../../src/observe/index.ts';
import { openSinks, type OutwardSinks, type Privacy } from '../../../src/outward/index.ts';
import { Outbox } from '../../../src/services/pipeline/outbox/outbox.ts';
import { openStore, type Store } from '../../../src/store/index.ts';

const DEADLINE_MS = 60_000;

export const NOBODY: OutwardSinks = { webhook: null, syslog: null, file: null, mail: null, tickets: null };

/** A store with its outbox, as the service has them, and nothing else of the service. */
export class OutboxUnderTest {
  readonly root = mkdtempSync(join(tmpdir(), 'backuplens-outbox-'));
  store!: Store;
  outbox!: Outbox;
  #ended = new AbortController();
  #run: Promise<void> = Promise.resolve();

  async open(): Promise<this> {
    this.store = await openStore({
      dataDir: join(this.root, 'data'),
      who: 'a test',
      what: 'a test',
      waitMs: 5000,
      leftOver: async () => null,
    });
    return this;
  }

  async start(
    sinks: Partial<OutwardSinks>,
    more: { readonly per_minute?: number; readonly heartbeat?: number; readonly privacy?: Privacy } = {},
  ): Promise<void> {
    this.#ended = new AbortController();
    this.outbox = await Outbox.open({
      store: this.store,
      log: openLog({ name: 'a-test', level: 'silent' }),
      version: '0.1.0',
      sinks: await openSinks(
        { ...NOBODY, ...sinks },
        { standing: async (group) => this.store.reviews.standing(group) },
      ),
      privacy: 'full',
      per_minute: 100_000,
      retry_max: 300,
      heartbeat: 3_600_000,
      ...more,
    });
    this.#run = this.outbox.run(this.#ended.signal);
  }

  /** Resolves to how long that took, in ms. */
  async stop(): Promise<number> {
    const began = performance.now();
    this.#ended.abort();
    await this.#run;
    return performance.now() - began;
  }

  async tell(more: Partial<JournalEntry> = {}): Promise<JournalRecord> {
    return this.store.journal.append({
      action: 'decided',
      time: new Date().toISOString(),
      who: 'a test',
      file: null,
      item: null,
      path: Buffer.from('/in/a'),
      sha256: null,
      decision: 'auto_approve',
      verdict: 'benign',
      detail: null,
      ...more,
    });
  }

  async state(name: string) {
    return (await this.outbox.states()).find((one) => one.name === name);
  }

  async until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    while (!(await holds())) {
      if (performance.now() > deadline)
        throw new Error(`${what} did not come: ${JSON.stringify(await this.outbox.states())}`);
      await sleep(20);
    }
  }

  /** Every record was told to all of them, and something ever was. */
  async caughtUp(): Promise<void> {
    const isDone = async (): Promise<boolean> =>
      (await this.outbox.states()).every((state) => state.lag === 0 && state.last_success_at !== null);
    await this.until(isDone, 'the end');
  }

  async remove(): Promise<void> {
    await this.stop();
    await this.store.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}
