import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { inOrder } from './in-order.ts';

async function* numbers(count: number): AsyncGenerator<number> {
  for (let at = 0; at < count; at++) yield at;
}

test('results come in the order of their items, whichever is ready first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(5), { maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      async (delays, window) => {
        const results: number[] = [];
        const work = async (item: number): Promise<number> => {
          for (let turn = 0; turn < (delays[item] ?? 0); turn++) await Promise.resolve();
          return item;
        };
        for await (const result of inOrder(numbers(delays.length), window, work)) results.push(result);
        expect(results).toEqual([...delays.keys()]);
      },
    ),
  );
});

test('never more items than the window are under way or waiting for their turn', async () => {
  let open = 0;
  let most = 0;
  const work = async (item: number): Promise<number> => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setImmediate(resolve));
    return item;
  };
  for await (const _ of inOrder(numbers(500), 7, work)) open--;
  expect(most).toBe(7);
});

test('a result is handed on while the source has nothing new', async () => {
  let release: (() => void) | undefined;
  async function* slow(): AsyncGenerator<number> {
    yield 1;
    await new Promise<void>((resolve) => (release = resolve));
    yield 2;
  }
  const results = inOrder(slow(), 10, async (item) => item);
  await expect(results.next()).resolves.toEqual({ done: false, value: 1 });
  release?.();
  await expect(results.next()).resolves.toEqual({ done: false, value: 2 });
});
