import type { SetKind } from './recognised-set.ts';
import { isCalledByHash, isGitObject, isGitPack, isPostgres, isResticKey } from './set-content.ts';
import { chosen, MAX_SAMPLED_BYTES, MAX_SMALL_BYTES, sample, samplesOf, type Sample } from './set-samples.ts';

/**
 * Whether what stands in the beginning of a set is genuine, by a few of its files: at least one of them shows what it belongs to,
 * and none shows the contrary. To be asked when it rests: nothing in it is still being written.
 */
export async function isGenuine(folder: Buffer, kind: SetKind): Promise<boolean> {
  const shown = await SHOWN[kind](folder);
  return shown.length > 0 && shown.every((one) => one);
}

const SHOWN: Readonly<Record<SetKind, (folder: Buffer) => Promise<boolean[]>>> = {
  restic: async (folder) => {
    const keys = await samplesOf(folder, 'keys', MAX_SMALL_BYTES);
    const shown = keys.map((key) => isCalledByHash(atRest(key)) && isResticKey(key));
    // `data` may itself have been put there.
    for (const below of ['data', '.']) {
      for (const name of await chosen(folder, below, /^[0-9a-f]{2}$/, 'folder')) {
        const packs = await samplesOf(folder, `${below}/${name}`, MAX_SAMPLED_BYTES);
        shown.push(...packs.map((pack) => pack.name.startsWith(name) && isCalledByHash(atRest(pack))));
      }
    }
    return shown;
  },
  borg: async (folder) => {
    const shown = await begins(folder, { config: '[repository]', README: 'This is a Borg' });
    for (const name of await chosen(folder, 'data', /^\d+$/, 'folder')) {
      const segments = await samplesOf(folder, `data/${name}`, 8, /^\d+$/);
      shown.push(...segments.map(({ bytes }) => bytes.toString('latin1') === 'BORG_SEG'));
    }
    return shown;
  },
  git: async (folder) => {
    const shown: boolean[] = [];
    for (const below of ['.git/objects', 'objects', '.']) {
      const packs = await samplesOf(folder, `${below}/pack`, MAX_SAMPLED_BYTES, /^pack-[0-9a-f]+\.pack$/);
      shown.push(...packs.map(isGitPack));
      for (const name of await chosen(folder, below, /^[0-9a-f]{2}$/, 'folder')) {
        const objects = await samplesOf(folder, `${below}/${name}`, MAX_SMALL_BYTES, /^[0-9a-f]{38,62}$/);
        shown.push(...objects.map((one) => isGitObject(name, one)));
      }
    }
    return shown;
  },
  pg_basebackup: async (folder) => {
    const shown = await begins(folder, { backup_label: 'START WAL LOCATION' });
    if (await isPostgres(folder, 'tars')) shown.push(true);
    const control = await sample(folder, 'global/pg_control', 0);
    // PG_CONTROL_FILE_SIZE (catalog/pg_control.h).
    if (control !== null) shown.push(control.size === 8192);
    return shown;
  },
};

/** Its freshness excuses nothing. */
function atRest(one: Sample): Sample {
  return { ...one, is_fresh: false };
}

/** Of those files that are there. */
async function begins(folder: Buffer, files: Readonly<Record<string, string>>): Promise<boolean[]> {
  const shown: boolean[] = [];
  for (const [name, beginning] of Object.entries(files)) {
    const one = await sample(folder, name, beginning.length);
    if (one !== null) shown.push(one.bytes.toString('latin1') === beginning);
  }
  return shown;
}
