import type { SetFormat } from './format.ts';
import { has, isCalled, isOwn } from './names.ts';
import { FIRST } from './look.ts';
import { jsonOf, MAX_SMALL_BYTES, sample } from './samples.ts';

/** The format blob; without `.f` where it was copied out of a bucket. */
const FORMAT_BLOBS = ['kopia.repository.f', 'kopia.repository'];
/** The beginning of a blob's name: its kind and, in older repositories, its first digits. */
const SHARD = /^[a-z_][0-9a-z_]{0,2}$/;
const INNER_SHARD = /^[0-9a-z_]{1,3}$/;
const BLOB = /^[0-9a-z_-]{10,}\.f$/;

/**
 * A repository of kopia in a file system ("Repository", Sharding and Encryption): blobs lie in shards under the beginning of their
 * names, and the format blob is JSON with its id and how its key is derived. The blobs say nothing of themselves.
 */
export const kopia: SetFormat = {
  kind: 'kopia',
  own: /^(?:kopia\.[a-z]+(?:\.f)?|[a-z_][0-9a-z_]{0,2}|[0-9a-z_-]{1,20}\.f)$/,

  isNamed: (listing) => FORMAT_BLOBS.some((name) => has(listing, 'file', name)),

  // One small file is easily written: with anything else beside it, it is files like any other.
  isWhole: async (folder, listing) =>
    listing.first(FIRST).every((entry) => isOwn(kopia, entry)) && (await formats(folder)).includes(true),

  begins: async (there, entries) => {
    if (entries.some((entry) => isCalled(entry, 'file', /^kopia\.[a-z]+\.f$/))) return true;
    if (await there.begins('.shards', /^\{[^]*"maxNonShardedLength"/)) return true;
    for (const { name } of entries.filter((entry) => isCalled(entry, 'folder', SHARD)).slice(0, 3)) {
      const shard = name.toString('latin1');
      const inner = await there.within(shard);
      if (await there.holds(shard, inner, INNER_SHARD, (entry) => isCalled(entry, 'file', BLOB))) return true;
    }
    return false;
  },

  shows: async (folder) => {
    const shards = await sample(folder, '.shards', MAX_SMALL_BYTES);
    const shown = shards === null ? [] : [Array.isArray(jsonOf(shards.bytes)?.['default'])];
    return [...shown, ...(await formats(folder))];
  },
};

async function formats(folder: Buffer): Promise<boolean[]> {
  const shown: boolean[] = [];
  for (const name of FORMAT_BLOBS) {
    const blob = await sample(folder, name, MAX_SMALL_BYTES);
    if (blob === null) continue;
    const format = jsonOf(blob.bytes);
    shown.push(['uniqueID', 'keyAlgo'].every((key) => typeof format?.[key] === 'string'));
  }
  return shown;
}
