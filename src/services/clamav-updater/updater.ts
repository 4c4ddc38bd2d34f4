import type { LastUpdate, UpdateReply, UpdaterHealth } from '../../contracts/index.ts';
import { outcomeOf, timedOut, type UpdateOutcome } from './freshclam-outcome.ts';
import { RuntimeAway, type Runtime } from './runtime.ts';

export type Database = UpdaterHealth['database'];

/** The daemon that is to use the new signatures. */
export interface Daemon {
  /** What it scans with now; null when it does not answer. */
  database(): Promise<Database>;
  /** Has it load what is new, and resolves to what it then scans with. Throws when it cannot be told. */
  reload(): Promise<Database>;
}

export interface UpdaterOptions {
  readonly runtimes: readonly Runtime[];
  readonly daemon: Daemon;
  readonly timeoutMs: number;
  /** What was looked for to run freshclam with, and is not there. */
  readonly missing: readonly string[];
  /** What to do when there is nothing to run freshclam with. */
  readonly advice: string;
  /** For tests. In ms since 1970. */
  readonly now?: () => number;
}

/** Runs one update at a time, and knows how the last one ended. */
export class Updater {
  readonly #options: UpdaterOptions;
  readonly #now: () => number;
  #running = false;
  #last: LastUpdate | null = null;
  #changed: number;
  /** Nobody asks the mirror before. */
  #retryAt = 0;
  readonly #stop = new AbortController();

  constructor(options: UpdaterOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#changed = this.#now();
  }

  /** The one that the next update tries first. */
  get runtime(): Runtime['name'] | null {
    return this.#options.runtimes[0]?.name ?? null;
  }

  get last(): LastUpdate | null {
    return this.#last;
  }

  /** Since then no run has left the database otherwise than it was (RFC 3339): the start of this process, where none ever did. */
  get changed_at(): string {
    return new Date(this.#changed).toISOString();
  }

  /** Never rejects. */
  async update(): Promise<UpdateReply> {
    if (this.#running) return this.#reply(refusal('busy', 'an update is running already'));
    if (this.#now() < this.#retryAt) {
      const until = new Date(this.#retryAt).toISOString();
      return this.#reply({
        result: 'cool_down',
        message: `the mirror refused the last update; it may be tried again after ${until}`,
        retryAt: this.#retryAt,
      });
    }
    this.#running = true;
    try {
      const { outcome, output } = await this.#run();
      if (outcome.retryAt !== null) this.#retryAt = outcome.retryAt;
      // What failed half-way may have changed it, too.
      if (outcome.result !== 'up_to_date') this.#changed = this.#now();
      const told = succeeded(outcome) ? await this.#tellDaemon(outcome) : { outcome, database: null };
      const reply = this.#reply(told.outcome, output, told.database);
      const { result, message, timestamp, retry_after = null } = reply;
      this.#last = { result, message, timestamp, retry_after };
      return reply;
    } finally {
      this.#running = false;
    }
  }

  /** Ends an update that is running. */
  stop(): void {
    this.#stop.abort();
  }

  /** In the first place where freshclam can be run. */
  async #run(): Promise<{ readonly outcome: UpdateOutcome; readonly output: string }> {
    const { runtimes, missing, timeoutMs, advice } = this.#options;
    const away: RuntimeAway[] = [];
    for (const runtime of runtimes) {
      try {
        const ended = await runtime.run(timeoutMs, this.#stop.signal);
        return { outcome: outcomeOf(ended, this.#now()), output: ended.output };
      } catch (error) {
        const why = error instanceof RuntimeAway ? error : new RuntimeAway('failed', String(error));
        if (why.result === 'timed_out') return { outcome: timedOut(), output: '' };
        if (why.result === 'failed') return { outcome: refusal('failed', why.message), output: '' };
        away.push(why);
      }
    }
    const telling = away.find(({ result }) => result === 'permission_denied') ?? away[0];
    const message = [...away.map((why) => why.message), ...missing].join('; ');
    const outcome = refusal(
      telling?.result ?? 'no_runtime',
      `nothing to run freshclam with: ${message}. ${advice}`,
    );
    return { outcome, output: '' };
  }

  async #tellDaemon(outcome: UpdateOutcome): Promise<{ outcome: UpdateOutcome; database: Database }> {
    const { daemon } = this.#options;
    if (outcome.result === 'up_to_date') return { outcome, database: await daemon.database() };
    try {
      return { outcome, database: await daemon.reload() };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `${outcome.message}; clamd was not told: ${why}`;
      return { outcome: { ...outcome, message }, database: null };
    }
  }

  #reply(outcome: UpdateOutcome, output = '', database: Database = null): UpdateReply {
    const { result, message, retryAt } = outcome;
    return {
      success: succeeded(outcome),
      message,
      timestamp: new Date(this.#now()).toISOString(),
      result,
      output,
      database,
      ...(retryAt === null ? {} : { retry_after: new Date(retryAt).toISOString() }),
    };
  }
}

function succeeded({ result }: UpdateOutcome): boolean {
  return result === 'updated' || result === 'up_to_date';
}

function refusal(result: UpdateOutcome['result'], message: string): UpdateOutcome {
  return { result, message, retryAt: null };
}
