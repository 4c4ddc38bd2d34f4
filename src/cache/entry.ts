import { timingSafeEqual } from 'node:crypto';
import type { Mac } from './mac.ts';

/** What an entry is about, as the database has it. Never renumbered: a number that meant something else stays free. */
export const ENTRY_KINDS = { file: 0, tree: 1, engine: 2, fact: 3, page: 4 } as const;
export type EntryKind = keyof typeof ENTRY_KINDS;

export interface Entry {
  readonly kind: EntryKind;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** In ms since 1970: when it was found out. */
  readonly made: number;
}

/** As long as half a SHA-256: nobody can try as many (RFC 2104, section 5). */
const SEAL_BYTES = 16;

/** What only who holds the secret can make: over all of an entry, and over whose it is (`domain`). */
export function seal({ kind, key, value, made }: Entry, mac: Mac, domain: Buffer): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt32LE(ENTRY_KINDS[kind], 0);
  head.writeUInt32LE(key.length, 4);
  head.writeUInt32LE(domain.length, 8);
  head.writeDoubleLE(made, 12);
  return mac.of(head, domain, key, value).subarray(0, SEAL_BYTES);
}

export function isSealed(entry: Entry, given: Uint8Array, mac: Mac, domain: Buffer): boolean {
  return given.length === SEAL_BYTES && timingSafeEqual(seal(entry, mac, domain), given);
}
