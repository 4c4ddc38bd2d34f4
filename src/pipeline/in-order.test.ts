import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { inOrder, type Bounds } from './in-order.ts';

const bounds = (window: number): Bounds<number> => ({ window, weigh: () => 0, weight: 0 });

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
        for await (const result of inOrder(numbers(delays.length), bounds(window), work))
          results.push(result);
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
  for await (const _ of inOrder(numbers(500), bounds(7), work)) open--;
  expect(most).toBe(7);
});

test('a result is handed on while the source has nothing new', async () => {
  let release: (() => void) | undefined;
  async function* slow(): AsyncGenerator<number> {
    yield 1;
    await new Promise<void>((resolve) => (release = resolve));
    yield 2;
  }
  const results = inOrder(slow(), bounds(10), async (item) => item);
  await expect(results.next()).resolves.toEqual({ done: false, value: 1 });
  release?.();
  await expect(results.next()).resolves.toEqual({ done: false, value: 2 });
});

test('no more is begun while finished results that wait for their turn are too heavy', async () => {
  let begun = 0;
  let release: (() => void) | undefined;
  const work = async (item: number): Promise<number> => {
    begun++;
    if (item === 0) await new Promise<void>((resolve) => (release = resolve));
    return item;
  };
  const results = inOrder(numbers(1000), { window: 500, weigh: () => 10, weight: 50 }, work);
  const first = results.next();
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toBeGreaterThan(5);
  expect(begun).toBeLessThan(20);
  release?.();
  await expect(first).resolves.toEqual({ done: false, value: 0 });
  const rest: number[] = [];
  for await (const result of results) rest.push(result);
  expect(rest).toHaveLength(999);
});
