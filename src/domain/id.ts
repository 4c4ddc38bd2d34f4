const PATTERN = /^\d{8}T\d{9}Z-[0-9a-f]{12}$/;

/** A new id of a file, scan, item or disposition: the time to the millisecond, so that ids sort by it, and 48 random bits. */
export function newId(now: Date): string {
  const time = now.toISOString().replaceAll(/[-:.]/g, '');
  const random = crypto.getRandomValues(new Uint8Array(6));
  return `${time}-${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

export function isId(text: string): boolean {
  return PATTERN.test(text);
}
