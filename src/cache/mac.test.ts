import { createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Mac } from './mac.ts';

test('it is HMAC-SHA-256, whatever the lengths', () => {
  for (const secretBytes of [1, 32, 64]) {
    const secret = randomBytes(secretBytes);
    for (const bytes of [0, 1, 55, 64, 1000]) {
      const data = randomBytes(bytes);
      const half = bytes >> 1;
      const expected = createHmac('sha256', secret).update(data).digest();
      expect(new Mac(secret).of(data.subarray(0, half), data.subarray(half))).toEqual(expected);
    }
  }
  expect(() => new Mac(randomBytes(65))).toThrow(RangeError);
});
