import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesFromName, MAX_NAME_BYTES, nameFromBytes } from './name.ts';

test('a valid UTF-8 name is shown as it is', () => {
  expect(nameFromBytes(Buffer.from('Müller/Ärger 日本.txt'))).toBe('Müller/Ärger 日本.txt');
});

test('bytes that are not UTF-8 are shown by their value, so that two such names stay two', () => {
  expect(nameFromBytes(Buffer.from('caf\xe9', 'latin1'))).toBe('caf\\xE9');
  expect(nameFromBytes(Buffer.from('caf\xe8', 'latin1'))).toBe('caf\\xE8');
});

test('a backslash that would read like a byte is itself shown by its value', () => {
  expect(nameFromBytes(Buffer.from('caf\\xE9'))).toBe('caf\\x5CxE9');
  expect(nameFromBytes(Buffer.from('a\\b'))).toBe('a\\b');
});

test('different bytes always give different names', () => {
  const byte = fc.constantFrom(0x5c, 0x78, 0x45, 0x39, 0xe9, 0xc3, 0xa9, 0x41, 0xff);
  const name = fc.array(byte, { maxLength: 12 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(nameFromBytes(a) === nameFromBytes(b)).toBe(a.equals(b));
    }),
    { numRuns: 5000 },
  );
});

test('a name beyond 1 KiB is cut, and told apart from its likes by a hash', () => {
  const long = 'x'.repeat(64 * 1024);
  const [a, b] = [nameFromBytes(Buffer.from(`${long}a`)), nameFromBytes(Buffer.from(`${long}b`))];
  expect(a).not.toBe(b);
  expect(Buffer.byteLength(a)).toBeLessThanOrEqual(MAX_NAME_BYTES + 64);
});

test('the bytes come back from the text, or it says that it does not have all of them', () => {
  const byte = fc.constantFrom(0x5c, 0x78, 0x45, 0x35, 0x43, 0xe9, 0xc3, 0xa9, 0x41, 0xff);
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 12 }), (bytes) => {
      expect(bytesFromName(nameFromBytes(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
    }),
    { numRuns: 5000 },
  );
  expect(bytesFromName(nameFromBytes(Buffer.alloc(2000, '\u{1f600}')))).toBeNull();
});
