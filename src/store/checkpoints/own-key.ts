import type { KeyObject } from 'node:crypto';
import { stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  keyId,
  moveWithoutOverwriting,
  newKeyPair,
  openManagedFolder,
  publicKey,
  publicKeysIn,
  secretKey,
  unlessMissing,
  writeDurably,
  type TrustedKeys,
} from '../../bytes/index.ts';

const FOLDER = 'keys';
const SECRET = 'journal.key';
const HINT = 'without DATA_DIR/keys/journal.key the next checkpoint makes another pair';

/**
 * The key that signs this store's checkpoints; made at the first one, with its public half beside it (`journal-<id>.pem`), which
 * stays when the key is taken away to be replaced. Throws BL_CONFIG.
 */
export async function ownCheckpointKey(dataDir: string): Promise<KeyObject> {
  const folder = await openManagedFolder(join(dataDir, FOLDER), 'make');
  try {
    const path = join(dataDir, FOLDER, SECRET);
    if ((await unlessMissing(stat(path))) === null) {
      const { id, secret, trusted } = newKeyPair();
      // The public half first: what was signed must stay verifiable.
      await writeDurably(folder, `journal-${id}.pem`, trusted, 0o644);
      const draft = `${SECRET}.${id}`;
      await writeDurably(folder, draft, secret, 0o600);
      // Where another command was faster, its key signs.
      const isOurs = await moveWithoutOverwriting(folder, draft, folder, Buffer.from(SECRET));
      if (!isOurs) await unlink(folder.at(draft));
    }
    return await secretKey(path, HINT);
  } finally {
    await folder.close();
  }
}

/** Who may have signed: the .pem at `given`, or all in that folder; without it those beside the store. Throws BL_CONFIG. */
export async function checkpointKeys(dataDir: string, given: string | null): Promise<TrustedKeys> {
  const path = given ?? join(dataDir, FOLDER);
  const there = await unlessMissing(stat(path));
  if (there?.isDirectory() !== false) return (await publicKeysIn(path, '--key', HINT)) ?? new Map();
  const key = await publicKey(path, HINT);
  return new Map([[keyId(key), key]]);
}
