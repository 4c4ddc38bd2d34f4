import { createHash } from 'node:crypto';
import type { SetFormat } from './format.ts';
import { has, isCalled } from './names.ts';
import type { Look } from './look.ts';
import type { Entry } from '../folder-listing.ts';
import {
  atRest,
  chosen,
  jsonOf,
  MAX_SAMPLED_BYTES,
  MAX_SMALL_BYTES,
  sample,
  samplesOf,
  type Sample,
} from './samples.ts';

const HASH_NAME = /^[0-9a-f]{64}$/;
const TWO_DIGITS = /^[0-9a-f]{2}$/;
/** 64 hex digits, also while a copying tool still writes it (rsync's `.name.XXXXXX`, restic's `name-tmp-N`). */
const HASHED = /^\.?[0-9a-f]{64}/;

/**
 * A repository of restic, by its layout ("References", Repository Layout): its keys are JSON with the parameters of scrypt, and
 * every file but `config` is called by the SHA-256 of what it holds.
 */
export const restic: SetFormat = {
  kind: 'restic',
  own: /^(?:config|data|index|keys|locks|snapshots|[0-9a-f]{2})$/,

  isNamed: (listing) =>
    has(listing, 'file', 'config') && has(listing, 'folder', 'data', 'index', 'keys', 'snapshots'),

  isWhole: async (folder) => {
    const config = await sample(folder, 'config', MAX_SMALL_BYTES);
    // Encrypted: a nonce and a MAC of 16 bytes each, and something between them.
    if (config === null || config.size <= 32) return false;
    const keys = await samplesOf(folder, 'keys', MAX_SMALL_BYTES);
    if (keys.length === 0 || !keys.every((key) => isCalledByHash(key) && (key.is_fresh || isKey(key))))
      return false;
    for (const name of await chosen(folder, 'data', TWO_DIGITS, 'folder')) {
      const packs = await samplesOf(folder, `data/${name}`, MAX_SAMPLED_BYTES);
      if (!packs.every((pack) => pack.name.startsWith(name) && isCalledByHash(pack))) return false;
    }
    return true;
  },

  begins: async (there, entries) => {
    if (await holdsHashed(there, '.', entries)) return true;
    if (there.is('data', 'folder') && (await holdsHashed(there, 'data', await there.within('data'))))
      return true;
    for (const one of ['keys', 'index', 'snapshots', 'locks']) {
      if ((await there.within(one)).some((entry) => isCalled(entry, 'file', HASHED))) return true;
    }
    // Encrypted, and alone it says nothing: but nothing else than a set is made of it and such folders.
    return there.is('config', 'file') && !(await there.begins('config', /^\[/));
  },

  shows: async (folder) => {
    const keys = await samplesOf(folder, 'keys', MAX_SMALL_BYTES);
    const shown = keys.map((key) => isCalledByHash(atRest(key)) && isKey(key));
    // `data` may itself have been put there.
    for (const below of ['data', '.']) {
      for (const name of await chosen(folder, below, TWO_DIGITS, 'folder')) {
        const packs = await samplesOf(folder, `${below}/${name}`, MAX_SAMPLED_BYTES);
        shown.push(...packs.map((pack) => pack.name.startsWith(name) && isCalledByHash(atRest(pack))));
      }
    }
    return shown;
  },
};

function isKey({ bytes }: Sample): boolean {
  const key = jsonOf(bytes);
  return (
    key !== null &&
    key['kdf'] === 'scrypt' &&
    ['N', 'r', 'p'].every((name) => typeof key[name] === 'number') &&
    ['salt', 'data'].every((name) => typeof key[name] === 'string')
  );
}

function isCalledByHash({ name, bytes, size, is_fresh }: Sample): boolean {
  if (!HASH_NAME.test(name)) return false;
  return is_fresh || bytes.length < size || createHash('sha256').update(bytes).digest('hex') === name;
}

/** Folders of two hex digits, and in one of the first of them files that are called by a hash. */
async function holdsHashed(there: Look, below: string, entries: readonly Entry[]): Promise<boolean> {
  return there.holds(below, entries, TWO_DIGITS, (entry) => isCalled(entry, 'file', HASHED));
}
