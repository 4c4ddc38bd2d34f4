import { expect, it } from 'vitest';
import { HeldBytes } from './held-bytes.ts';

it('held bytes are copies in order, up to the limit, whatever size was expected', () => {
  for (const expected of [null, 0, 3, 10, 1000, -1]) {
    const held = new HeldBytes(10, expected);
    const lent = Buffer.from('abc');
    expect(held.add(lent)).toBe(true);
    lent.fill(0);
    expect(held.add(Buffer.from('defghij'))).toBe(true);
    expect(held.add(Buffer.from('k'))).toBe(false);
    expect(held.bytes.toString()).toBe('abcdefghij');
    expect(held.takeFirst().toString()).toBe('a');
    expect(held.bytes.toString()).toBe('bcdefghij');
    held.replace(Buffer.from('xy'));
    expect([held.takeFirst(), held.takeFirst(), held.takeFirst()].map(String)).toEqual(['x', 'y', '']);
  }
});

it('what somebody else holds whole is not copied, and shown as far as it went past', () => {
  const whole = Buffer.from('abcdef');
  const held = HeldBytes.of(whole);
  expect(held.bytes).toHaveLength(0);
  expect(held.add(whole.subarray(0, 4))).toBe(true);
  expect(held.bytes.toString()).toBe('abcd');
  expect(held.add(whole.subarray(4))).toBe(true);
  expect(held.bytes.buffer).toBe(whole.buffer);
  expect(held.bytes.toString()).toBe('abcdef');
  expect(held.add(Buffer.from('g'))).toBe(false);
});
