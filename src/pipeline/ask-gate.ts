import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { FileSource } from '../bytes/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import { hasChanged, openRoot } from '../intake/index.ts';
import type { GateAnswer, Store } from '../store/index.ts';

/** What the gate says, and of what. */
export interface GateSaid extends GateAnswer {
  /** Links resolved. */
  readonly path: Buffer;
  /** Of what stands there now. */
  readonly sha256: string;
}

/**
 * Whether what stands at a path now stands approved: reads all of it. `anywhere`: by content alone. Throws BL_PATH_MISSING for
 * what cannot be read to its end as one.
 */
export async function askGate(
  store: Pick<Store, 'gate'>,
  given: string | Buffer,
  { anywhere = false }: { readonly anywhere?: boolean } = {},
): Promise<GateSaid> {
  const { path, sha256 } = await hashed(given);
  const answer = anywhere ? await store.gate.anywhere(sha256) : await store.gate.at(path, sha256);
  return { ...answer, path, sha256 };
}

/** Of what stands there now; a file that changes while it is read is not told about. */
async function hashed(given: string | Buffer): Promise<{ readonly path: Buffer; readonly sha256: string }> {
  const cannot = (why: string, cause?: unknown): BackupLensError =>
    new BackupLensError(
      'BL_PATH_MISSING',
      `cannot read ${given.toString()}: ${why}`,
      cause === undefined ? {} : { cause },
    );
  try {
    const path = await realpath(given, { encoding: 'buffer' });
    const file = await openRoot(path);
    try {
      const hash = createHash('sha256');
      for await (const chunk of new FileSource(file.handle, Number(file.stats.size)).stream())
        hash.update(chunk);
      if (await hasChanged(file)) throw cannot('it changed while it was read');
      return { path, sha256: hash.digest('hex') };
    } finally {
      await file.handle.close();
    }
  } catch (error) {
    throw error instanceof BackupLensError ? error : cannot(inWords(error), error);
  }
}
