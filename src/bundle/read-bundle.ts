import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { BackupLensError, inWords } from '../domain/index.ts';
import { MAX_MANIFEST_BYTES, parseManifest, type BundledFile, type Manifest } from './manifest.ts';
import { refused } from './refused.ts';
import { MAX_SIGNATURE_BYTES, verifyManifest } from './signature.ts';
import { BLOCK, padding, tarHeader } from './tar-header.ts';
import type { TrustedKeys } from './trusted-keys.ts';

/** A bundle that was verified from its first byte to its last. */
export interface ReadBundle {
  readonly manifest: Manifest;
  /** Id of the key that signed it. */
  readonly key: string;
  /** Of the manifest's bytes: what tells two bundles apart. */
  readonly sha256: string;
}

/** Its beginning, verified: what can be decided before anything is unpacked. */
export interface BundleHead extends ReadBundle {
  readonly manifestBytes: Buffer;
  readonly signatureBytes: Buffer;
}

/** Takes what comes out, in order. Each file that it was given in full is what the manifest says. */
export interface BundleSink {
  /** Called once, before any file. What it throws ends the reading. */
  head(head: BundleHead): Promise<void> | void;
  /** The chunks are its only until the promise resolves. */
  file(file: BundledFile): Promise<FileSink> | FileSink;
}

export interface FileSink {
  write(chunk: Buffer): Promise<void> | void;
  /** Its size and sum are right. */
  end(): Promise<void> | void;
  /** They are not, or the reading broke off. */
  abort(): Promise<void> | void;
}

const NOWHERE: FileSink = { write: () => undefined, end: () => undefined, abort: () => undefined };
const VERIFY: BundleSink = { head: () => undefined, file: () => NOWHERE };

/**
 * Reads a bundle once, from its beginning to its end. The manifest's bytes are verified before anything of them is understood,
 * and then every byte is what it says: its files in its order, nothing before, between or after. No name in the tar is ever used.
 * Throws BL_BUNDLE for anything else, BL_USAGE for a file that cannot be read, and what the sink throws.
 */
export async function readBundle(
  path: string,
  keys: TrustedKeys,
  sink: BundleSink = VERIFY,
): Promise<ReadBundle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw new BackupLensError('BL_USAGE', `${path}: cannot be read: ${inWords(cause)}`, { cause });
  });
  try {
    if (!(await handle.stat()).isFile()) throw new BackupLensError('BL_USAGE', `${path}: not a regular file`);
    const stream = createReadStream('', { fd: handle, autoClose: false, highWaterMark: CHUNK_BYTES });
    const input = new Input(stream);
    try {
      return await readFrom(input, keys, sink);
    } finally {
      await input.close();
    }
  } finally {
    await handle.close();
  }
}

const CHUNK_BYTES = 256 * 1024;

async function readFrom(input: Input, keys: TrustedKeys, sink: BundleSink): Promise<ReadBundle> {
  const manifestBytes = await small(input, 'manifest.json', MAX_MANIFEST_BYTES);
  const signatureBytes = await small(input, 'manifest.sig', MAX_SIGNATURE_BYTES);
  const key = verifyManifest(manifestBytes, signatureBytes, keys);
  const manifest = parseManifest(manifestBytes);
  const sha256 = createHash('sha256').update(manifestBytes).digest('hex');
  await sink.head({ manifest, key, sha256, manifestBytes, signatureBytes });
  for (const file of manifest.files) await copy(input, file, await sink.file(file));
  if (!(await input.take(2 * BLOCK)).equals(Buffer.alloc(2 * BLOCK))) {
    throw refused('it holds more than its manifest names');
  }
  if (!(await input.isAtEnd())) throw refused('there is something behind its end');
  return { manifest, key, sha256 };
}

/** One of the two files in front. Their headers are known but for the size. */
async function small(input: Input, name: string, most: number): Promise<Buffer> {
  const header = await input.take(BLOCK);
  const digits = header.toString('latin1', 124, 135);
  const size = /^[0-7]{11}$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
  if (Number.isNaN(size) || !header.equals(tarHeader(name, size))) {
    throw refused(`no bundle: ${name} is not where it has to be`);
  }
  if (size > most) throw refused(`its ${name} has more than ${most} bytes`);
  const bytes = Buffer.from(await input.take(size));
  await pad(input, size);
  return bytes;
}

async function copy(input: Input, { path, size, sha256 }: BundledFile, sink: FileSink): Promise<void> {
  let isWhole = false;
  try {
    // The one header that this file can have: whatever differs (a name, a size, a link) is not what was signed.
    if (!(await input.take(BLOCK)).equals(tarHeader(path, size))) {
      throw refused(`${path} is not where it has to be: it was changed`);
    }
    const hash = createHash('sha256');
    for (let left = size; left > 0;) {
      const chunk = await input.some(left);
      hash.update(chunk);
      await sink.write(chunk);
      left -= chunk.length;
    }
    if (hash.digest('hex') !== sha256)
      throw refused(`${path} was changed: its sum is not the one in the manifest`);
    await pad(input, size);
    isWhole = true;
  } finally {
    if (!isWhole) await sink.abort();
  }
  await sink.end();
}

async function pad(input: Input, size: number): Promise<void> {
  const bytes = padding(size);
  if (!(await input.take(bytes)).equals(Buffer.alloc(bytes)))
    throw refused('there is something between its files');
}

/** Exact pieces of a stream. What is longer than asked for stays for the next. */
class Input {
  readonly #stream: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#stream = stream[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes; the caller bounds them. */
  async take(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = bytes; left > 0;) {
      const part = await this.some(left);
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts, bytes);
  }

  /** At least one byte and at most so many. */
  async some(most: number): Promise<Buffer> {
    if (this.#held.length === 0) await this.#more();
    if (this.#held.length === 0) throw refused('it ends too early: it was cut short');
    const part = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(part.length);
    return part;
  }

  async isAtEnd(): Promise<boolean> {
    if (this.#held.length === 0) await this.#more();
    return this.#held.length === 0;
  }

  async close(): Promise<void> {
    await this.#stream.return?.();
  }

  async #more(): Promise<void> {
    const next = await this.#stream.next();
    this.#held = next.done === true ? Buffer.alloc(0) : next.value;
  }
}
