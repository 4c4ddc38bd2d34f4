import { expect, test } from 'vitest';
import { MassWindow } from './index.ts';

const HOUR = 3_600_000;
const LOST = [{ kind: 'encryption_suspected', rule: 'noise-throughout', evidence: {} }] as const;
const SOUND = [] as const;

test('what arrives within the window is counted together, and what lies further back is not', () => {
  let now = 0;
  const window = new MassWindow(HOUR, () => now);
  // One a day is no attack, however many days.
  for (let day = 0; day < 50; day++) {
    now += 24 * HOUR;
    expect(window.add('a', LOST)).toBeNull();
  }
  now += 24 * HOUR;
  const found = Array.from({ length: 6 }, () => window.add('a', LOST));
  expect(found.filter((attack) => attack?.is_new === true)).toHaveLength(1);
  expect(window.add('a', SOUND)?.is_new).toBe(false);
  expect(window.add('b', SOUND)).toBeNull();
  now += 3 * HOUR;
  expect(window.add('a', SOUND)).toBeNull();
});

test('an attack that straddles two halves of the window is found', () => {
  let now = 0;
  const window = new MassWindow(HOUR, () => now);
  const found = Array.from({ length: 8 }, () => {
    now += HOUR / 14;
    return window.add('a', LOST);
  });
  expect(found.at(-1)).not.toBeNull();
});

test('any number of folders costs no more memory than a thousand', () => {
  const window = new MassWindow(HOUR, () => 0);
  for (let n = 0; n < 5; n++) window.add('first', LOST);
  expect(window.add('first', SOUND)).not.toBeNull();
  for (let n = 0; n < 2000; n++) window.add(`folder ${n}`, SOUND);
  expect(window.add('first', SOUND)).toBeNull();
});
