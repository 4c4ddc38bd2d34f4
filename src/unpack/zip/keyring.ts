import { ByteReader } from '../byte-reader.ts';
import type { FormatSink, Member, UnpackContext } from '../format.ts';
import { unpackBoxed } from './boxed.ts';
import { checked, decoded, isBoxed, METHOD, SMALL_BYTES } from './decode.ts';
import type { Reading } from './headers.ts';
import { Unread } from './unread.ts';
import { aesDecrypted, aesHeaderBytes, aesKeys, MAC_BYTES } from './win-zip-aes.ts';
import { HEADER_BYTES, ZipCrypto } from './zip-crypto.ts';

/** Keys are derived at most this often for one archive (minutes of one core): every member has a salt of its own. */
const MAX_DERIVATIONS = 100_000;
/** So much of a large member must be decoded without error before a password is believed. */
const PROBE_BYTES = 64 * 1024;
/** Members above that are not decoded once more only to prove a password: what comes out of them counts as examined. */
const MAX_PROVEN_BYTES = 256 * 1024 * 1024;

/** Packed bytes that can be read again: [start, end) of the source, or of what is in memory. */
export type Packed = (start: number, end: number) => AsyncGenerator<Buffer, void, undefined>;

/** One password that seems to fit a member. */
export interface Unlocked {
  /** Its place in the list of passwords. */
  readonly index: number;
  /** What is behind the encryption, still packed; may be iterated again by another call. */
  chunks(): AsyncGenerator<Buffer, void, undefined>;
  /** The whole content, where it was small enough to be decoded for proof. */
  readonly content: Buffer | null;
}

/** Finds the password of each member; the one that opened the last member is tried first. */
export class Keyring {
  readonly #passwords: readonly (readonly Buffer[])[];
  readonly #context: UnpackContext;
  readonly #sink: FormatSink;
  #last = 0;
  #derivations = 0;

  constructor(sink: FormatSink, context: UnpackContext) {
    this.#sink = sink;
    this.#context = context;
    this.#passwords = context.passwords.map(spellings);
  }

  /** Those passwords that seem to fit, the likeliest first: whoever proves one wrong goes on with the next. */
  async *fitting(reading: Reading, packed: Packed): AsyncGenerator<Unlocked, void, undefined> {
    if (reading.strong) return;
    const order = [this.#last, ...this.#passwords.keys()].filter(
      (index, at) => at === 0 || index !== this.#last,
    );
    for (const index of order) {
      for (const password of this.#passwords[index] ?? []) {
        this.#context.signal.throwIfAborted();
        const chunks = await this.#unlock(password, reading, packed);
        if (chunks === null) continue;
        const proof = await this.#probe(reading, chunks);
        if (proof !== null) yield { index, chunks, content: proof.content };
      }
    }
  }

  /** This password opened a member: told by its place in the list, never by what it is. */
  opened(index: number): void {
    this.#last = index;
    this.#sink.measure(`members_opened_with_password_${index}`, 1);
  }

  async #unlock(password: Buffer, reading: Reading, packed: Packed): Promise<Unlocked['chunks'] | null> {
    const { aesKeyBytes, packed: size } = reading;
    if (aesKeyBytes === null) {
      const head = await first(packed, HEADER_BYTES);
      const plain = new ZipCrypto(password).decrypt(head).at(-1);
      if (head.length < HEADER_BYTES || plain === undefined || !reading.checkBytes.includes(plain))
        return null;
      return async function* () {
        const cipher = new ZipCrypto(password);
        cipher.decrypt(head);
        for await (const chunk of packed(HEADER_BYTES, size)) yield cipher.decrypt(chunk);
      };
    }
    const start = aesHeaderBytes(aesKeyBytes);
    const head = await first(packed, start);
    if (head.length < start || size < start + MAC_BYTES || ++this.#derivations > MAX_DERIVATIONS) return null;
    const keys = await aesKeys(password, head, aesKeyBytes);
    return keys === null ? null : () => aesDecrypted(packed(start, size), size - start - MAC_BYTES, keys);
  }

  /** null: it does not fit after all. */
  async #probe(
    reading: Reading,
    chunks: Unlocked['chunks'],
  ): Promise<{ readonly content: Buffer | null } | null> {
    const small = reading.packed <= SMALL_BYTES && reading.size <= SMALL_BYTES;
    // One byte of ZipCrypto lets one wrong password of 256 through: of these methods only the check sum at the end tells.
    const weak = reading.aesKeyBytes === null;
    const stored = reading.method === METHOD.stored;
    if (!small && (stored || isBoxed(reading.method)) && !(weak && reading.size <= MAX_PROVEN_BYTES))
      return { content: null };
    if (isBoxed(reading.method)) return this.#probeBoxed(reading, chunks);
    const enough = small ? SMALL_BYTES : stored ? Infinity : PROBE_BYTES;
    const reader = new ByteReader(chunks());
    const content = checked(reading, decoded(reading, reader, this.#context), this.#context);
    const parts: Buffer[] = [];
    let length = 0;
    try {
      for await (const part of content) {
        if (small) parts.push(Buffer.from(part));
        length += part.length;
        if (length > enough) return { content: null };
      }
    } catch (error) {
      return unproven(error);
    }
    const whole = Buffer.concat(parts);
    return { content: small && (await endsThere(reader)) ? whole : null };
  }

  async #probeBoxed(
    reading: Reading,
    chunks: Unlocked['chunks'],
  ): Promise<{ readonly content: Buffer | null } | null> {
    let parts: Buffer[] = [];
    let length = 0;
    const keep = async (content: Member['content']): Promise<void> => {
      for await (const part of checked(reading, content, this.#context)) {
        length += part.length;
        if (length > reading.size) throw new Unread('corrupt', 'more comes out than was declared');
        if (length <= SMALL_BYTES) parts.push(Buffer.from(part));
        else parts = [];
      }
    };
    try {
      await unpackBoxed(reading, chunks(), keep, this.#sink, this.#context);
    } catch (error) {
      return unproven(error);
    }
    return { content: length <= SMALL_BYTES ? Buffer.concat(parts) : null };
  }
}

/** Of a probe that broke off. null: the password is wrong. Throws what has to do with no password. */
function unproven(error: unknown): { readonly content: null } | null {
  if (!(error instanceof Unread)) throw error;
  return error.reason === 'unsupported_format' ? { content: null } : null;
}

/** Nothing follows the compressed data, and the authentication code is right. */
async function endsThere(reader: ByteReader): Promise<boolean> {
  try {
    return !(await reader.skipZeros());
  } catch (error) {
    if (error instanceof Unread) return false;
    throw error;
  }
}

async function first(packed: Packed, length: number): Promise<Buffer> {
  return new ByteReader(packed(0, length)).exactly(length);
}

/** Windows encrypts with the bytes of its code page, everybody else with UTF-8. */
function spellings(password: string): Buffer[] {
  const utf8 = Buffer.from(password, 'utf8');
  const latin1 = Buffer.from(password, 'latin1');
  return utf8.equals(latin1) ? [utf8] : [utf8, latin1];
}
