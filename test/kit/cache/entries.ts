import { createHash } from 'node:crypto';
import type { CacheOptions, Entry } from '../../../src/cache/index.ts';

/** Of a batch. */
export const ENTRIES = 200;

/** A cache of tests, small enough to overflow. */
export function optionsIn(folder: string): CacheOptions {
  return {
    folder,
    name: 'verdicts.sqlite',
    key_folder: folder,
    own_folder: true,
    domain: 'tests',
    max_bytes: 64 * 1024 * 1024,
  };
}

/** Entries that tell by themselves whether they are whole: each value is the hash of its key, many times over. */
export function entriesOf(name: string, made = Date.now()): Entry[] {
  return Array.from({ length: ENTRIES }, (_, index) => {
    const key = Buffer.from(`${name} ${index}`);
    return { kind: 'engine', key, value: valueOf(key), made };
  });
}

export function valueOf(key: Buffer): Buffer {
  const hash = createHash('sha256').update(key).digest();
  return Buffer.concat(Array.from({ length: 8 }, () => hash));
}
