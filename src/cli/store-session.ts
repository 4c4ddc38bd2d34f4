import type { Folders } from '../config/folders/index.ts';
import { assertApart, leftOver, ownFolders, recoverDispositions, type Recovered } from '../dispose/index.ts';
import { BackupLensError } from '../domain/index.ts';
import { openStore, openStoreForReading, type Store } from '../store/index.ts';
import { operatingSystemUser } from './os-user.ts';

/** Another command is done within this; a service is not, and is told of. */
const WAIT_MS = 10_000;

export interface SessionOptions {
  readonly folders: Folders;
  /** For whoever finds the store taken: `backuplens scan --apply`. */
  readonly what: string;
  readonly waitMs?: number;
  /** Of another installation, they become ours: only for `store rebuild`. */
  readonly takeOver?: boolean;
  /** What an earlier run left half done, and how it came to its end. */
  readonly onRecovered: (recovered: Recovered) => void;
}

/**
 * Opens the store for a command that changes something: alone, with the managed folders ours, and with everything
 * that a crash had cut short brought to its end. Throws BL_STORE, BL_STORE_LOCKED and BL_CONFIG.
 */
export async function openSession(options: SessionOptions): Promise<Store> {
  const { folders, what, waitMs = WAIT_MS, takeOver = false, onRecovered } = options;
  const { dataDir, incomingDir, quarantineDir, reviewDir, approvedDir } = folders;
  await assertApart({
    DATA_DIR: dataDir,
    QUARANTINE_DIR: quarantineDir,
    REVIEW_DIR: reviewDir,
    APPROVED_DIR: approvedDir,
  });
  const store = await openStore({
    dataDir,
    who: operatingSystemUser(),
    what,
    waitMs,
    leftOver: async () => (takeOver ? null : leftOver({ quarantineDir, reviewDir }, [incomingDir])),
  });
  try {
    const known = [quarantineDir, reviewDir, approvedDir];
    await ownFolders(known, await store.instanceId(), { takeOver });
    for (const recovered of await recoverDispositions(store.ledger)) onRecovered(recovered);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Works on the store alone. */
export async function withStore<T>(options: SessionOptions, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openSession(options);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/**
 * Reads the store beside whoever has it. Where there is none, `none` is the answer, unless something lies about that a
 * store must know of: then BL_STORE.
 */
export async function withReader<T>(
  { dataDir, quarantineDir, reviewDir }: Folders,
  work: (store: Store) => Promise<T>,
  none: () => T,
): Promise<T> {
  let store: Store;
  try {
    store = await openStoreForReading({ dataDir });
  } catch (error) {
    const isMissing = error instanceof BackupLensError && error.message.startsWith('there is no store');
    if (!isMissing) throw error;
    const what = await leftOver({ quarantineDir, reviewDir });
    if (what === null) return none();
    throw new BackupLensError('BL_STORE', `${error.message}, but there is ${what}`, {
      hint: 'set DATA_DIR to where the store is, bring a backup back (`backuplens store restore FILE`), or make a new one from what is there (`backuplens store rebuild`)',
    });
  }
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
