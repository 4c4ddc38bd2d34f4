import { randomBytes } from 'node:crypto';

const PATTERN = /^\d{8}T\d{9}Z-[0-9a-f]{12}$/;
/** Shorter ones are too easily meant otherwise. */
const MIN_ABBREVIATION = 4;

/** A new id: the time to the millisecond, so that ids sort by it, and 48 random bits. */
export function newItemId(now: Date): string {
  const time = now.toISOString().replaceAll(/[-:.]/g, '');
  return `${time}-${randomBytes(6).toString('hex')}`;
}

export function isItemId(text: string): boolean {
  return PATTERN.test(text);
}

/** True when `short` begins the id, or its random part. */
export function abbreviates(short: string, id: string): boolean {
  if (short === id) return true;
  if (short.length < MIN_ABBREVIATION) return false;
  return id.startsWith(short) || id.slice(id.indexOf('-') + 1).startsWith(short);
}
