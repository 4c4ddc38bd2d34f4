import { DirectoryReader, type Place } from './directory.ts';
import { SIGNATURE } from './headers.ts';
import type { Window } from './window.ts';

/** APPNOTE 4.3.16, 4.3.15, 4.3.14: without comment and extensible data. */
export const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
/** Version "needed to extract" from which on the directory may be encrypted (APPNOTE 4.4.3.2). */
const ENCRYPTED_DIRECTORY = 62;

/** Entries looked at to learn what follows a directory; a longer one is taken for one of this record. */
const MAX_SKIPPED = 65_536;

/** An end-of-central-directory record and what belongs to it. */
export interface EndRecord {
  readonly at: number;
  /** End of its comment. */
  readonly end: number;
  /** Everything that is its own, from zip64's record on; the comment is left out where it holds more than text. */
  readonly own: readonly (readonly [start: number, end: number])[];
  /** Different readings of where the directory is; empty: it is nowhere. */
  readonly places: readonly Place[];
  /** Number of this part of a split archive; 0: not split. */
  readonly disk: number;
  /** Even the list of names is encrypted. */
  readonly encrypted: boolean;
}

interface Claim {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
  readonly limit: number;
  readonly wide: boolean;
  readonly encrypted: boolean;
}

/** null: there is none at this place. */
export async function endRecordAt(window: Window, at: number, size: number): Promise<EndRecord | null> {
  const record = Buffer.from(await window.at(at, END_BYTES));
  if (record.length < END_BYTES || record.readUInt32LE(0) !== SIGNATURE.end) return null;
  const end = Math.min(size, at + END_BYTES + record.readUInt16LE(20));
  const disk = record.readUInt16LE(4);
  const wide = await zip64Claims(window, at);
  const limit = wide[0]?.limit ?? at;
  const claims: Claim[] = [...wide];
  const plain = {
    count: record.readUInt16LE(10),
    size: record.readUInt32LE(12),
    offset: record.readUInt32LE(16),
    wide: false,
    encrypted: false,
  };
  const overridden = plain.count === 0xffff || plain.size === 0xffffffff || plain.offset === 0xffffffff;
  if (wide.length === 0 || !overridden) claims.push({ ...plain, limit });
  const places: Place[] = [];
  for (const claim of claims) {
    for (const place of await placesOf(claim, window)) {
      if (!places.some(({ start }) => start === place.start)) places.push(place);
    }
  }
  const comment = await window.at(at + END_BYTES, end - at - END_BYTES);
  const text = comment.indexOf('PK', 0, 'latin1') < 0;
  return {
    at,
    end,
    own: [
      ...wide.map((claim): [number, number] => [claim.limit, Math.min(at, claim.limit + END64_BYTES)]),
      [wide.length === 0 ? at : at - LOCATOR_BYTES, at + END_BYTES],
      ...(text ? [[at + END_BYTES, end] as const] : []),
    ],
    places,
    disk: disk === 0xffff ? 0 : disk,
    encrypted: places.length === 0 && claims.some(({ encrypted }) => encrypted),
  };
}

/** The zip64 record, where the locator says and where it usually is: they may be two. */
async function zip64Claims(window: Window, at: number): Promise<Claim[]> {
  const locator = await window.at(at - LOCATOR_BYTES, LOCATOR_BYTES);
  if (locator.length < LOCATOR_BYTES || locator.readUInt32LE(0) !== SIGNATURE.locator64) return [];
  const told = Number(locator.readBigUInt64LE(8));
  const usual = at - LOCATOR_BYTES - END64_BYTES;
  const claims: Claim[] = [];
  for (const place of new Set([usual, told])) {
    if (!Number.isSafeInteger(place) || place + END64_BYTES > at) continue;
    const record = await window.at(place, END64_BYTES);
    if (record.length < END64_BYTES || record.readUInt32LE(0) !== SIGNATURE.end64) continue;
    claims.push({
      count: Number(record.readBigUInt64LE(32)),
      size: Number(record.readBigUInt64LE(40)),
      offset: Number(record.readBigUInt64LE(48)),
      limit: place,
      wide: true,
      encrypted: record.readUInt16LE(14) >= ENCRYPTED_DIRECTORY && record.readBigUInt64LE(4) > 44n,
    });
  }
  return claims;
}

/**
 * Programs look for the directory at its offset, or count its size back from its end; bytes in front of the archive
 * tell the two apart. Both are kept where both are a directory, unless that at the offset has its own end record: then
 * it belongs to another archive in front of this one.
 */
async function placesOf(claim: Claim, window: Window): Promise<Place[]> {
  const { count, size, offset, limit, wide } = claim;
  const rest = { limit, declared: count, wide };
  if (count === 0 && size === 0) return [{ start: limit, base: 0, ...rest }];
  const back = limit - size;
  const places: Place[] = [];
  if (back >= 0 && (await window.has(SIGNATURE.central, back)))
    places.push({ start: back, base: back - offset, ...rest });
  if (offset === back || offset >= limit || !(await window.has(SIGNATURE.central, offset))) return places;
  const reader = new DirectoryReader(window, { start: offset, limit });
  await reader.skip(MAX_SKIPPED);
  const after = await reader.afterSignature();
  const other =
    after < limit && ((await window.has(SIGNATURE.end, after)) || (await window.has(SIGNATURE.end64, after)));
  return other && places.length > 0 ? places : [...places, { start: offset, base: 0, ...rest }];
}
