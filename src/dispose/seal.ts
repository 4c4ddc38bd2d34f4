import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { FileSource, writeAll } from '../bytes/index.ts';
import {
  CIPHER,
  Damaged,
  DIGEST_BYTES,
  encodeHeader,
  readExactly,
  ZERO_BLOCK_BYTES,
  type ContainerHeader,
  type ContainerLayout,
} from './container.ts';

const ZEROS = Buffer.alloc(ZERO_BLOCK_BYTES);

/** Writes a container of what `source` holds; resolves to the SHA-256 of the content as it was read. */
export async function seal(source: FileHandle, header: ContainerHeader, target: FileHandle): Promise<string> {
  const { key, iv, zero_blocks: zeroBlocks } = header.cipher;
  const cipher = createCipheriv(CIPHER, Buffer.from(key, 'hex'), Buffer.from(iv, 'hex'));
  const content = createHash('sha256');
  const whole = createHash('sha256');
  const head = encodeHeader(header);
  whole.update(head);
  await writeAll(target, head, 0);
  let position = head.length;
  for await (const chunk of new FileSource(source, header.size).stream()) {
    content.update(chunk);
    const sealed = cipher.update(chunk);
    for (const [start, end] of pieces(chunk.length, zeroBlocks > 0)) {
      const isHole = zeroBlocks > 0 && isZeroBlock(chunk.subarray(start, end));
      const piece = isHole ? ZEROS : sealed.subarray(start, end);
      whole.update(piece);
      if (!isHole) await writeAll(target, piece, position);
      position += piece.length;
    }
  }
  await writeAll(target, whole.digest(), position);
  return content.digest('hex');
}

/**
 * The content of a container, in order; a chunk is the reader's only until the next. Throws Damaged where a hash
 * does not fit, which is known only after the last chunk: nothing may be trusted before.
 */
export async function* unseal(
  source: FileHandle,
  { header, contentStart, contentEnd }: ContainerLayout,
): AsyncGenerator<Buffer, void, undefined> {
  const { key, iv, zero_blocks: zeroBlocks } = header.cipher;
  const decipher = createDecipheriv(CIPHER, Buffer.from(key, 'hex'), Buffer.from(iv, 'hex'));
  const content = createHash('sha256');
  const whole = createHash('sha256');
  whole.update(await readExactly(source, contentStart, 0));
  const sealed = new FileSource(source, contentEnd).stream(contentStart, contentEnd);
  for await (const chunk of sealed) {
    whole.update(chunk);
    const plain = decipher.update(chunk);
    for (const [start, end] of pieces(chunk.length, zeroBlocks > 0)) {
      const isHole = zeroBlocks > 0 && isZeroBlock(chunk.subarray(start, end));
      const piece = isHole ? ZEROS : plain.subarray(start, end);
      content.update(piece);
      yield piece;
    }
  }
  const digest = await readExactly(source, DIGEST_BYTES, contentEnd);
  if (!digest.equals(whole.digest())) throw new Damaged('its bytes are not those that were written');
  if (content.digest('hex') !== header.sha256) throw new Damaged('its content is not what was quarantined');
}

/** Writes chunks one after the other; where `sparse`, blocks of zeros become holes. Resolves to the SHA-256. */
export async function writeContent(
  chunks: AsyncIterable<Buffer>,
  target: FileHandle,
  sparse: boolean,
): Promise<string> {
  const hash = createHash('sha256');
  let position = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    for (const [start, end] of pieces(chunk.length, sparse)) {
      const piece = chunk.subarray(start, end);
      if (!sparse || !isZeroBlock(piece)) await writeAll(target, piece, position);
      position += piece.length;
    }
  }
  // A hole at the end is not written by anything.
  await target.truncate(position);
  return hash.digest('hex');
}

function isZeroBlock(piece: Buffer): boolean {
  return piece.length === ZERO_BLOCK_BYTES && piece.equals(ZEROS);
}

/** [start, end) of each piece of a chunk: blocks, or the whole at once. Chunks hold whole blocks but for the last. */
function* pieces(length: number, inBlocks: boolean): Generator<readonly [number, number]> {
  const step = inBlocks ? ZERO_BLOCK_BYTES : length;
  for (let start = 0; start < length; start += step) yield [start, Math.min(length, start + step)];
}
