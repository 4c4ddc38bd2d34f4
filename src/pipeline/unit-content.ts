import { createHash } from 'node:crypto';
import { readlink } from 'node:fs/promises';
import { FileSource } from '../bytes/index.ts';
import {
  hasChanged,
  Manifest,
  openRoot,
  walk,
  type ManifestEntry,
  type Met,
  type Unit,
} from '../intake/index.ts';

const EVERYTHING = { include: [], exclude: [], one_file_system: false, except: [] };

/**
 * The hash of what a unit is now, as an examination would have it (docs/store.md); reads all of it, or until the signal is aborted.
 * Throws what reading does.
 */
export async function hashUnit(
  { path, set, kind }: Pick<Unit, 'path' | 'set' | 'kind'>,
  signal?: AbortSignal,
): Promise<string | null> {
  if (set !== null) {
    const volumes = [];
    for (const part of set.parts) volumes.push(await hashed(part, signal));
    return volumesHash(volumes);
  }
  if (kind === 'file') return (await hashed({ path }, signal)).sha256;
  const manifest = new Manifest(path);
  for await (const met of walk([path], EVERYTHING)) {
    if (met.type === 'skipped') manifest.add(met.path, await linkEntry(met));
    const files = met.type === 'set' ? met.parts : met.type === 'file' ? [met] : [];
    for (const file of files) manifest.add(file.path, { type: 'file', ...(await hashed(file, signal)) });
    if (met.type === 'unreadable' || met.type === 'missing') throw new Error(met.message);
  }
  return manifest.close();
}

/** Of the volumes of one archive, which lie in one folder. */
export function volumesHash(
  volumes: readonly { readonly path: Buffer; readonly size: number | null; readonly sha256: string | null }[],
): string | null {
  const [first] = volumes;
  if (first === undefined) return null;
  const manifest = new Manifest(first.path.subarray(0, first.path.lastIndexOf('/') + 1));
  for (const { path, size, sha256 } of volumes) manifest.add(path, { type: 'file', size, sha256 });
  return manifest.close();
}

/** Something that is no file and no folder, as it counts for what its folder is. */
export async function linkEntry({ path, reason }: Extract<Met, { type: 'skipped' }>): Promise<ManifestEntry> {
  if (reason === 'symlink') {
    try {
      return { type: 'link', target: await readlink(path, { encoding: 'buffer' }) };
    } catch {
      return { type: 'other', kind: 'unknown' }; // It is no link any more: another hash than that of what it was.
    }
  }
  return {
    type: 'other',
    kind: reason === 'excluded' || reason === 'other_file_system' ? 'unknown' : reason,
  };
}

async function hashed(
  { path }: { readonly path: Buffer },
  signal?: AbortSignal,
): Promise<{ readonly path: Buffer; readonly size: number; readonly sha256: string }> {
  const file = await openRoot(path);
  try {
    const size = Number(file.stats.size);
    const hash = createHash('sha256');
    for await (const chunk of new FileSource(file.handle, size).stream()) {
      signal?.throwIfAborted();
      hash.update(chunk);
    }
    if (hasChanged(file)) throw new Error('it changed while it was read');
    return { path, size, sha256: hash.digest('hex') };
  } finally {
    await file.handle.close();
  }
}
