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
