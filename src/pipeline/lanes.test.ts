import { expect, test } from 'vitest';
import { Lanes } from './lanes.ts';

/** Admits pieces of so many bytes that never end, until one has to wait; how many were let in. */
async function letIn(lanes: Lanes, bytes: number): Promise<number> {
  for (let count = 1; ; count++) {
    const admitted = lanes.admit(new Promise(() => undefined), bytes).then(() => true);
    // What needs no waiting is done within a few turns.
    const turns = (async () => {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      return false;
    })();
    if (!(await Promise.race([admitted, turns]))) return count;
  }
}

test('tiny pieces go on side by side up to their number, large ones up to their bytes and one more', async () => {
  expect(await letIn(new Lanes(16, 300), 1)).toBe(16);
  expect(await letIn(new Lanes(16, 300), 100)).toBe(4);
});

test('what fails is heard of, by the next piece or at the end', async () => {
  const lanes = new Lanes(2, 300);
  await lanes.admit(Promise.reject(new Error('broken')), 1).catch(() => undefined);
  await expect(lanes.settle()).rejects.toThrow('broken');
});
