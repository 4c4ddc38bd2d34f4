import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LastBytes } from './last-bytes.ts';

test('keeps exactly the last bytes, however the stream is cut', () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 40 });
  fc.assert(
    fc.property(chunks, fc.integer({ min: 1, max: 20 }), (parts, length) => {
      const last = new LastBytes(length);
      for (const part of parts) last.push(Buffer.from(part));
      const whole = Buffer.concat(parts);
      expect(Buffer.from(last.bytes)).toEqual(whole.subarray(Math.max(0, whole.length - length)));
    }),
  );
});
