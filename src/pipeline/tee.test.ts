import { expect, test } from 'vitest';
import { Tee } from './tee.ts';

const chunk = (text: string): Buffer => Buffer.from(text);

test('the reader gets every chunk, and the writer waits until it has worked on each', async () => {
  const tee = new Tee();
  const log: string[] = [];
  const reading = (async () => {
    for await (const part of tee.chunks()) {
      log.push(`begin ${part.toString()}`);
      await Promise.resolve();
      log.push(`end ${part.toString()}`);
    }
  })();
  for (const text of ['a', 'b']) {
    await tee.write(chunk(text));
    log.push(`written ${text}`);
  }
  tee.end();
  await reading;
  expect(log).toEqual(['begin a', 'end a', 'written a', 'begin b', 'end b', 'written b']);
});

test('a reader that leaves early lets the writer run on', async () => {
  const tee = new Tee();
  const reading = (async () => {
    for await (const part of tee.chunks()) if (part.length > 0) break;
  })();
  await tee.write(chunk('a'));
  await tee.write(chunk('b'));
  await tee.write(chunk('c'));
  await expect(reading).resolves.toBeUndefined();
});

test('a reader that never comes does not hold the writer', async () => {
  const tee = new Tee();
  const writing = tee.write(chunk('a'));
  tee.leave();
  await expect(writing).resolves.toBeUndefined();
});

test('bytes that break off reach the reader as the same error', async () => {
  const tee = new Tee();
  const broken = new Error('broken');
  const reading = (async () => {
    for await (const part of tee.chunks()) expect(part.toString()).toBe('a');
  })();
  await tee.write(chunk('a'));
  tee.fail(broken);
  await expect(reading).rejects.toBe(broken);
});
