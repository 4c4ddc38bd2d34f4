import { open, writeFile, appendFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHUNK_BYTES, FileSource, MemorySource, type ByteSource } from './byte-source.ts';
import { readAtMost, readWhole } from './read-at-most.ts';

const bytes = Buffer.from(
  Array.from({ length: CHUNK_BYTES * 2 + 77 }, (_, at) => (at * 31 + (at >> 8)) & 0xff),
);
let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'source-'));
  path = join(folder, 'file');
  await writeFile(path, bytes);
});
afterAll(() => rm(folder, { recursive: true }));

const made: Record<
  string,
  () => Promise<{ readonly source: ByteSource; readonly close: () => Promise<void> }>
> = {
  memory: async () => ({ source: new MemorySource(bytes), close: async () => undefined }),
  file: async () => {
    const handle = await open(path);
    return { source: new FileSource(handle, bytes.length), close: () => handle.close() };
  },
};

describe.each(Object.entries(made))('a source in %s', (_, make) => {
  test('streams all its bytes in order', async () => {
    const { source, close } = await make();
    const parts: Buffer[] = [];
    for await (const chunk of source.stream()) parts.push(Buffer.from(chunk));
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    await close();
  });

  test('streams exactly the part that is asked for', async () => {
    const { source, close } = await make();
    const parts: Buffer[] = [];
    for await (const chunk of source.stream(1000, CHUNK_BYTES + 1001)) parts.push(Buffer.from(chunk));
    expect(Buffer.concat(parts).equals(bytes.subarray(1000, CHUNK_BYTES + 1001))).toBe(true);
    await close();
  });

  test('reads fewer bytes only at its end', async () => {
    const { source, close } = await make();
    const target = Buffer.alloc(100);
    expect(await source.readAt(target, bytes.length - 60)).toBe(60);
    expect(target.subarray(0, 60).equals(bytes.subarray(-60))).toBe(true);
    expect(await source.readAt(target, bytes.length + 5)).toBe(0);
    await close();
  });
});

test('a file that grows is never read past the size it had', async () => {
  const grown = join(folder, 'grown');
  await writeFile(grown, 'abc');
  const handle = await open(grown);
  const source = new FileSource(handle, 3);
  await appendFile(grown, 'defghi');
  const parts: Buffer[] = [];
  for await (const chunk of source.stream()) parts.push(Buffer.from(chunk));
  expect(Buffer.concat(parts).toString()).toBe('abc');
  await handle.close();
});

test('reading a whole small file refuses more than its limit', async () => {
  await expect(readAtMost(path, bytes.length)).resolves.toEqual(bytes);
  await expect(readAtMost(path, bytes.length - 1)).rejects.toThrow(RangeError);
});

test('a file that says it is empty is still read to its end', async () => {
  const handle = await open('/proc/self/status');
  expect((await readWhole(handle, 1_000_000)).toString()).toContain('Pid:');
  expect(await readWhole(handle, 5)).toHaveLength(5);
  await handle.close();
});
