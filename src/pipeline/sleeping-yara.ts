import { yaraAway } from '../analyze/yara/index.ts';
import { Scratch } from '../bytes/index.ts';
import { BackupLensError, inWords, type YaraState } from '../domain/index.ts';
import { startYaraChild, type YaraChild, type YaraChildOptions } from './yara-child.ts';

/**
 * Our own YARA, of which everything is known but what it says of new content: it starts when that is asked for. Until then its state is
 * what it was the last time that it had the same rules.
 */
export class SleepingYara implements YaraChild {
  readonly socketPath: string;
  readonly #options: YaraChildOptions;
  #state: YaraState;
  readonly #folder: Scratch;
  #child: Promise<YaraChild> | null = null;
  #awake: YaraChild | null = null;
  #closed = false;

  constructor(options: YaraChildOptions, state: YaraState) {
    this.#options = options;
    this.#folder = Scratch.createForSockets();
    this.socketPath = `${this.#folder.path}/yara`;
    this.#state = { ...state, address: `unix:${this.socketPath}` };
  }

  /** Resolves when it scans, or has failed to start. Throws BL_RULES for rules that cannot be read any more. */
  async wake(): Promise<void> {
    if (this.#closed) return;
    this.#child ??= startYaraChild(this.#options, this.#folder);
    try {
      this.#awake = await this.#child;
    } catch (error) {
      if (error instanceof BackupLensError && error.code === 'BL_RULES') throw error;
      this.#state = yaraAway('failed', this.#state.address, inWords(error));
    }
  }

  async state(): Promise<YaraState> {
    return this.#awake === null ? this.#state : this.#awake.state();
  }

  pids(): readonly number[] {
    return this.#awake?.pids() ?? [];
  }

  async close(): Promise<void> {
    this.#closed = true;
    const child = await this.#child?.catch(() => null);
    // Whoever failed to start has removed its folder.
    if (this.#child === null) await this.#folder.remove();
    else await child?.close();
  }
}
