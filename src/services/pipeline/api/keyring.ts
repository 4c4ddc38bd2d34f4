import { stat } from 'node:fs/promises';
import { readTokens } from '../../../config/tokens/index.ts';
import type { NamedToken } from '../../../contracts/index.ts';
import { Keys } from '../../../http/index.ts';
import type { Log } from '../../../observe/index.ts';

export interface KeyringOptions {
  /** The token in DATA_DIR. */
  readonly own: string;
  /** API_TOKEN(_FILE); null: not set. */
  readonly administrator: string | null;
  readonly tokensFile: string;
  readonly log: Log;
}

/** The file is looked at as often as that: a token is gone so long after it was revoked. */
const LOOK_MS = 1000;

/** Everybody's tokens as they are now: the file of named ones may change at any time. */
export class Keyring {
  readonly #options: KeyringOptions;
  #keys: Keys;
  #named: readonly NamedToken[] = [];
  /** Of the file as it was read last; null: there was none. */
  #seen: string | null | undefined = undefined;
  #lookedAt = -Infinity;
  #looking: Promise<void> | null = null;

  /** Throws BL_CONFIG for a file that cannot be used. */
  static async open(options: KeyringOptions): Promise<Keyring> {
    const keyring = new Keyring(options);
    keyring.#named = await readTokens(options.tokensFile);
    keyring.#keys = keyring.#all();
    return keyring;
  }

  private constructor(options: KeyringOptions) {
    this.#options = options;
    this.#keys = this.#all();
  }

  /** The token in DATA_DIR. */
  get own(): string {
    return this.#options.own;
  }

  readonly keys = async (): Promise<Keys> => {
    await this.#look();
    return this.#keys;
  };

  /** Somebody has set a token: nothing but what is open goes without one. */
  readonly isSet = async (): Promise<boolean> => {
    await this.#look();
    // A file that cannot be read is no reason to let everybody in.
    return this.#options.administrator !== null || this.#named.length > 0 || this.#seen !== null;
  };

  async #look(): Promise<void> {
    if (performance.now() - this.#lookedAt < LOOK_MS) return;
    this.#looking ??= this.#again().finally(() => {
      this.#looking = null;
      this.#lookedAt = performance.now();
    });
    await this.#looking;
  }

  async #again(): Promise<void> {
    const { tokensFile, log } = this.#options;
    const now = await printOf(tokensFile);
    if (now === this.#seen) return;
    try {
      this.#named = await readTokens(tokensFile);
      if (this.#seen !== undefined) log.info('tokens read again', { tokens: this.#named.length });
    } catch (error) {
      // One of them may have been revoked.
      this.#named = [];
      log.error('TOKENS_FILE cannot be used: named tokens do not count until it can', {
        untrusted: { error },
      });
    }
    this.#seen = now;
    this.#keys = this.#all();
  }

  #all(): Keys {
    const { own, administrator } = this.#options;
    const admin = { name: 'administrator', role: 'admin' } as const;
    return new Keys(
      [
        { ...admin, token: own, local: true },
        ...(administrator === null ? [] : [{ ...admin, token: administrator }]),
      ],
      this.#named,
    );
  }
}

async function printOf(path: string): Promise<string | null> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return null;
  }
}
