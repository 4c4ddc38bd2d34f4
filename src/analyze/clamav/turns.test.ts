import { expect, it } from 'vitest';
import { Turns } from './turns.ts';

const never = new AbortController().signal;

it('so many are let in, and the others in the order in which they came', async () => {
  const turns = new Turns(2);
  const order: number[] = [];
  const taken = [1, 2, 3, 4].map(async (who) => {
    await turns.take(never);
    order.push(who);
  });
  await Promise.resolve();
  expect(order).toEqual([1, 2]);
  turns.done();
  await taken[2];
  expect(order).toEqual([1, 2, 3]);
  turns.limit = 1;
  turns.done();
  await new Promise(setImmediate);
  expect(order).toEqual([1, 2, 3]);
  turns.limit = 2;
  await taken[3];
  expect(order).toEqual([1, 2, 3, 4]);
});

it('who gives up waiting takes no turn away', async () => {
  const turns = new Turns(1);
  const gaveUp = new AbortController();
  expect(await turns.take(never)).toBe(true);
  const waits = turns.take(gaveUp.signal);
  const next = turns.take(never);
  gaveUp.abort();
  expect(await waits).toBe(false);
  turns.done();
  expect(await next).toBe(true);
  expect(await turns.take(gaveUp.signal)).toBe(false);
});
