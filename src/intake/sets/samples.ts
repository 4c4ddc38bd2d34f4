import { FolderListing } from '../folder-listing.ts';
import { join } from '../join-path.ts';
import { openRoot } from '../open-root.ts';

/** Key, configuration and head files are smaller than this. */
export const MAX_SMALL_BYTES = 64 * 1024;
/** Larger files are known by their beginning only. */
export const MAX_SAMPLED_BYTES = 4 * 1024 * 1024;
/** Folders and files that are looked into, chosen at random: nobody can know which have to be genuine. */
const SAMPLES = 3;
/** What was written just now may still be being written: it proves nothing against a set, in ms. */
const FRESH_MS = 60_000;

export interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
  /** In bytes; `bytes` may be less. */
  readonly size: number;
  readonly is_fresh: boolean;
}

/** A file's first bytes; null: there is no such file that can be read. */
export async function sample(folder: Buffer, name: string, most: number): Promise<Sample | null> {
  try {
    const { handle, stats } = await openRoot(join(folder, Buffer.from(name)));
    try {
      const size = Number(stats.size);
      const bytes = Buffer.alloc(Math.min(size, most));
      const { bytesRead } =
        bytes.length === 0 ? { bytesRead: 0 } : await handle.read(bytes, 0, bytes.length, 0);
      const age = Date.now() - Number(stats.mtimeMs);
      const last = name.slice(name.lastIndexOf('/') + 1);
      return { name: last, bytes: bytes.subarray(0, bytesRead), size, is_fresh: age < FRESH_MS };
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

/** Of those that are called so. */
export async function samplesOf(
  folder: Buffer,
  below: string,
  most: number,
  called = /./,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const name of await chosen(folder, below, called, 'file')) {
    const one = await sample(folder, `${below}/${name}`, most);
    if (one !== null) samples.push(one);
  }
  return samples;
}

/** A few names at random; none where the folder cannot be read. */
export async function chosen(
  folder: Buffer,
  below: string,
  called: RegExp,
  kind: 'file' | 'folder',
): Promise<string[]> {
  try {
    const names: string[] = [];
    for (const entry of (await FolderListing.of(join(folder, Buffer.from(below)))).entries()) {
      const name = entry.name.toString('latin1');
      // Hidden ones are what copying tools are just writing.
      if (entry.kind === kind && !name.startsWith('.') && called.test(name)) names.push(name);
    }
    const from = Math.floor(Math.random() * names.length);
    return [...names.slice(from), ...names.slice(0, from)].slice(0, SAMPLES);
  } catch {
    return [];
  }
}

/** Its freshness excuses nothing. */
export function atRest(one: Sample): Sample {
  return { ...one, is_fresh: false };
}

/** Of those files that are there: whether each begins so. */
export async function begin(folder: Buffer, files: Readonly<Record<string, string>>): Promise<boolean[]> {
  const shown: boolean[] = [];
  for (const [name, beginning] of Object.entries(files)) {
    const one = await sample(folder, name, beginning.length);
    if (one !== null) shown.push(one.bytes.toString('latin1') === beginning);
  }
  return shown;
}

/** null: it is no JSON object. */
export function jsonOf(bytes: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
