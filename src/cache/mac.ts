import { hash } from 'node:crypto';

/** SHA-256's, in bytes. */
const BLOCK_BYTES = 64;

/**
 * HMAC-SHA-256 (RFC 2104), over one-shot hashes: an Hmac object for every entry that is looked up cost three quarters of the look
 * (measured: 14 µs, where this takes 3).
 */
export class Mac {
  readonly #inner = Buffer.alloc(BLOCK_BYTES, 0x36);
  readonly #outer = Buffer.alloc(BLOCK_BYTES, 0x5c);

  /** At most 64 bytes. */
  constructor(secret: Uint8Array) {
    if (secret.length > BLOCK_BYTES) throw new RangeError('a longer secret would have to be hashed first');
    for (const [at, byte] of secret.entries()) {
      this.#inner[at] = 0x36 ^ byte;
      this.#outer[at] = 0x5c ^ byte;
    }
  }

  /** Of all parts together: where one ends and the next begins is the caller's to say. 32 bytes. */
  of(...parts: readonly Uint8Array[]): Buffer {
    const inner = hash('sha256', Buffer.concat([this.#inner, ...parts]), 'buffer');
    return hash('sha256', Buffer.concat([this.#outer, inner]), 'buffer');
  }
}
