import { createHmac } from 'node:crypto';

/** What of a name goes out (ATTACKS E7). */
export type Privacy = 'full' | 'basename' | 'hash';

/** Hexadecimal digits of a hashed name: 128 bits, so that two names never meet. */
const HASH_DIGITS = 32;
/** In UTF-16 units, of any text that goes out. */
const MAX_TEXT = 2048;

/**
 * Lets names out as far as the setting says. A hashed name is the same for the same name of this store; without the
 * store's key nobody can try names until one fits.
 */
export class Names {
  readonly #privacy: Privacy;
  readonly #key: Buffer;

  constructor(privacy: Privacy, key: Buffer) {
    this.#privacy = privacy;
    this.#key = key;
  }

  /** A path or the name of a member. */
  name(text: string): string {
    if (this.#privacy === 'full') return bounded(text);
    if (this.#privacy === 'basename')
      return bounded(text.slice(text.replace(/\/+$/, '').lastIndexOf('/') + 1));
    return `name-${createHmac('sha256', this.#key).update(text, 'utf16le').digest('hex').slice(0, HASH_DIGITS)}`;
  }

  /** Free text, which may hold names: null where those are kept back. */
  text(text: string | null): string | null {
    return text === null || this.#privacy !== 'full' ? null : bounded(text);
  }
}

/** At most about 2,000 characters, and never half of one. */
export function bounded(text: string): string {
  const cut = text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…[${text.length} characters]`;
  return cut.toWellFormed();
}
