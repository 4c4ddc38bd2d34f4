import { dirname } from 'node:path';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupLensError, inWords } from '../../../domain/index.ts';
import type { Log } from '../../../observe/index.ts';
import type { ServiceSettings } from '../settings.ts';
import { assertOutside } from './assert-outside.ts';
import { appendCheckpoint, ownCheckpointKey, signCheckpoint } from '../../../store/checkpoints/index.ts';
import type { Store } from '../../../store/index.ts';

interface CheckpointsOptions {
  readonly store: Store;
  readonly dataDir: string;
  /** Where they are kept, best on another machine; absolute. */
  readonly file: string;
  readonly log: Log;
}

const EVERY_MS = 3_600_000;
const RETRY_MS = 60_000;

/** Notes elsewhere where the journal stands, signed (ATTACKS E4): at the start, every hour in which it grew, and at the end. */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  #last = '';

  private constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /** null: CHECKPOINT_FILE is not set. Throws BL_CONFIG where there is no folder for them, or it is one of ours. */
  static async open(settings: ServiceSettings, store: Store, log: Log): Promise<Checkpoints | null> {
    const { dataDir, checkpointFile } = settings.config;
    const file = checkpointFile.value;
    if (file === null) return null;
    await assertOutside('CHECKPOINT_FILE', file, settings);
    const options = { store, dataDir: dataDir.value, file, log };
    try {
      if (!(await stat(dirname(options.file))).isDirectory()) throw new Error('not a folder');
    } catch (cause) {
      throw new BackupLensError('BL_CONFIG', `CHECKPOINT_FILE ${options.file}: ${inWords(cause)}`, {
        hint: 'mount or make the folder that it is to lie in',
        cause,
      });
    }
    return new Checkpoints(options);
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pause = (await this.note()) ? EVERY_MS : RETRY_MS;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  /** False: it could not be done. */
  async note(): Promise<boolean> {
    const { store, dataDir, file, log } = this.#options;
    try {
      const head = await store.journal.head();
      if (head.hash === this.#last) return true;
      const key = await ownCheckpointKey(dataDir);
      const stands = { instance: await store.instanceId(), ...head, time: new Date().toISOString() };
      await appendCheckpoint(file, signCheckpoint(stands, key));
      this.#last = head.hash;
      log.debug('a checkpoint of the journal is kept', { seq: head.seq });
      return true;
    } catch (error) {
      log.error('a checkpoint of the journal could not be kept', { untrusted: { file, error } });
      return false;
    }
  }
}
