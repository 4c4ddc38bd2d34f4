import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Scratch } from '../bytes/index.ts';
import { putBy } from './put-by.ts';

let parent: string;
let scratch: Scratch;
beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'put-by-'));
  scratch = await Scratch.create(parent);
});
afterEach(async () => {
  await scratch.remove();
  rmSync(parent, { recursive: true });
});

const CHUNK = 1000;

/** In chunks that are overwritten when the next one is asked for, as producers may do. */
async function* inChunks(bytes: Buffer, error?: Error): AsyncGenerator<Buffer, void, undefined> {
  const chunk = Buffer.alloc(CHUNK);
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const length = bytes.copy(chunk, 0, at, at + CHUNK);
    yield chunk.subarray(0, length);
    chunk.fill(0);
  }
  if (error !== undefined) throw error;
}

async function all(chunks: AsyncIterable<Buffer>): Promise<{ bytes: Buffer; error: unknown }> {
  const parts: Buffer[] = [];
  try {
    for await (const chunk of chunks) parts.push(Buffer.from(chunk));
  } catch (error) {
    return { bytes: Buffer.concat(parts), error };
  }
  return { bytes: Buffer.concat(parts), error: null };
}

test('what is as long as was said, or shorter, is hashed before its first byte goes past, and removed afterwards', async () => {
  const bytes = randomBytes(10_500);
  for (const size of [10_500, 20_000]) {
    const put = await putBy(inChunks(bytes), size, scratch);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(put.content).toEqual({ sha256, size: bytes.length });
    expect(await all(put.chunks)).toEqual({ bytes, error: null });
    await put.remove();
    expect(readdirSync(scratch.path).filter((name) => /^\d+$/.test(name))).toEqual([]);
  }
});

test('what is longer than was said goes past whole, as it comes, and no more of it is put by', async () => {
  const bytes = randomBytes(10_500);
  const put = await putBy(inChunks(bytes), 4_200, scratch);
  expect(put.content).toBeNull();
  expect(await all(put.chunks)).toEqual({ bytes, error: null });
});

test('what breaks off goes past up to there, and then says why', async () => {
  const bytes = randomBytes(5_500);
  const error = new Error('the archive is damaged');
  const put = await putBy(inChunks(bytes, error), 10_000, scratch);
  expect(put.content).toBeNull();
  expect(await all(put.chunks)).toEqual({ bytes, error });
});

test('what there is no room for streams past', async () => {
  const bytes = randomBytes(5_500);
  const put = await putBy(inChunks(bytes), Number.MAX_SAFE_INTEGER, scratch);
  expect(put.content).toBeNull();
  expect(scratch.made).toBe(0);
  expect(await all(put.chunks)).toEqual({ bytes, error: null });
});
