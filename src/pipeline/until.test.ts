import { expect, test } from 'vitest';
import { until } from './until.ts';

async function* silent(): AsyncGenerator<number> {
  yield 1;
  await new Promise(() => undefined);
}

async function* broken(): AsyncGenerator<number> {
  yield 1;
  yield 2;
  throw new Error('broken');
}

test('ends at once when it is aborted, even while its source has nothing to give', async () => {
  const controller = new AbortController();
  const items = until(controller.signal, silent());
  await expect(items.next()).resolves.toEqual({ done: false, value: 1 });
  const next = items.next();
  controller.abort();
  await expect(next).resolves.toEqual({ done: true, value: undefined });
});

test('hands on all items of a source that ends, and its error', async () => {
  const { signal } = new AbortController();
  const items = until(signal, broken());
  expect([await items.next(), await items.next()].map(({ value }) => value as unknown)).toEqual([1, 2]);
  await expect(items.next()).rejects.toThrow('broken');
});
