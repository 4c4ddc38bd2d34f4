import type { Log } from '../../observe/index.ts';
import { isUp, type EngineWatch } from '../../pipeline/index.ts';
import type { Store } from '../../store/index.ts';
import type { Readiness } from './api/served.ts';
import type { Outbox } from './outbox/outbox.ts';
import type { Arrivals } from './arrivals.ts';
import type { Upkeep } from './upkeep.ts';

export interface StandingOptions {
  readonly store: Store;
  readonly engines: EngineWatch;
  readonly arrivals: Pick<Arrivals, 'hangs' | 'complete'>;
  readonly upkeep: Pick<Upkeep, 'short_of_space'>;
  readonly outbox: Pick<Outbox, 'states'>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Whether the service does its work, as it stands now: `/ready`. */
export class Standing {
  readonly #options: StandingOptions;

  constructor(options: StandingOptions) {
    this.#options = options;
  }

  async readiness(): Promise<Readiness> {
    const { clamav, yara } = this.#options.engines.state;
    const problem = await this.#storeProblem();
    const looks = isUp(clamav.status) || isUp(yara.status);
    const intake = this.#intake();
    const sinks = await this.#options.outbox.states().catch(() => []);
    return {
      ready: looks && problem === null && intake === 'watching',
      store: problem ?? 'ok',
      engines: {
        clamav: { status: clamav.status, detail: clamav.detail },
        yara: { status: yara.status, detail: yara.detail },
      },
      intake,
      sinks: Object.fromEntries(
        sinks.map(({ name, state, lag, waiting_since, failures, detail }) => [
          name,
          { state, lag, waiting_since, failures, detail: failures === 0 ? null : detail },
        ]),
      ),
    };
  }

  async #storeProblem(): Promise<string | null> {
    const { store, log } = this.#options;
    try {
      await store.journal.head();
      return null;
    } catch (error) {
      log.error('the store cannot be read', { untrusted: { error } });
      return 'it cannot be read';
    }
  }

  #intake(): Readiness['intake'] {
    const { signal, upkeep, arrivals } = this.#options;
    if (signal.aborted) return 'stopping';
    if (upkeep.short_of_space !== null) return 'paused';
    if (arrivals.hangs) return 'away';
    if (arrivals.complete === null) return 'starting';
    return arrivals.complete ? 'watching' : 'away';
  }
}
