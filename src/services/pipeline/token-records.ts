import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readTokensFile } from '../../config/tokens/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import type { Log } from '../../observe/index.ts';
import type { Store } from '../../store/index.ts';

const LOOK_MS = 2000;

/**
 * Tells the journal of named tokens that were made or revoked: they are in a file, which is changed while the store is ours; what was
 * changed while nobody had it is told at the next start.
 */
export class TokenRecords {
  readonly #path: string;
  readonly #store: Store;
  readonly #log: Log;
  #seen: string | null = null;

  constructor(path: string, store: Store, log: Log) {
    this.#path = path;
    this.#store = store;
    this.#log = log;
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = await this.#print();
      if (now !== this.#seen && (await this.#told())) this.#seen = now;
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** True: it need not be tried again as it is. */
  async #told(): Promise<boolean> {
    try {
      await this.#tell();
      return true;
    } catch (error) {
      this.#log.error('the journal could not be told of tokens', { untrusted: { error } });
      return error instanceof BackupLensError && error.code === 'BL_CONFIG';
    }
  }

  async #tell(): Promise<void> {
    const { tokens, revoked } = await readTokensFile(this.#path);
    const records = await this.#store.tokens.tell(
      tokens.map(({ id, name, role, created_at, expires_at, made_by = null }) => ({
        id,
        name,
        role,
        created_at,
        expires_at,
        made_by,
      })),
      revoked,
    );
    if (records > 0) this.#log.info('tokens were made or revoked', { records });
  }

  async #print(): Promise<string> {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(this.#path, { bigint: true });
      return [ino, size, mtimeNs, ctimeNs].join(' ');
    } catch {
      return 'there is none';
    }
  }
}
