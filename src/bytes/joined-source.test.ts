import { expect, test } from 'vitest';
import { MemorySource } from './byte-source.ts';
import { JoinedSource } from './joined-source.ts';

const joined = new JoinedSource(['abc', '', 'd', 'efgh'].map((text) => new MemorySource(Buffer.from(text))));

async function read(length: number, position: number): Promise<string> {
  const target = Buffer.alloc(length, '.');
  const got = await joined.readAt(target, position);
  return target.toString('latin1', 0, got);
}

test('reads across the borders of its parts, and not past its end', async () => {
  expect(joined.size).toBe(8);
  expect(await read(8, 0)).toBe('abcdefgh');
  expect(await read(3, 2)).toBe('cde');
  expect(await read(1, 3)).toBe('d');
  expect(await read(9, 6)).toBe('gh');
  expect(await read(1, 8)).toBe('');
});

test('streams what lies between two places', async () => {
  const chunks: string[] = [];
  for await (const chunk of joined.stream(1, 7)) chunks.push(chunk.toString());
  expect(chunks.join('')).toBe('bcdefg');
});
