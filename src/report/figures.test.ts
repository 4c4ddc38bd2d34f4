import { expect, it } from 'vitest';
import { counted, duration, number, size } from './figures.ts';

it('sizes take at most eight columns and never read 1024 of a unit', () => {
  const sizes = [0, 1, 1023, 1024, 10_188, 10_189, 1_048_063, 1_048_575, 1_048_576, 2 ** 40, null].map(size);
  expect(sizes).toEqual([
    '0 B',
    '1 B',
    '1023 B',
    '1.0 KiB',
    '9.9 KiB',
    '10 KiB',
    '1023 KiB',
    '1.0 MiB',
    '1.0 MiB',
    '1.0 TiB',
    '?',
  ]);
  for (let bytes = 1; bytes < Number.MAX_SAFE_INTEGER; bytes *= 1.7) {
    expect(size(Math.floor(bytes)).length).toBeLessThanOrEqual(8);
  }
});

it('counts agree with their nouns', () => {
  expect([counted(1, 'file'), counted(0, 'file'), counted(9912, 'entry', 'entries')]).toEqual([
    '1 file',
    '0 files',
    '9,912 entries',
  ]);
  expect([999, 1000, 1_234_567].map(number)).toEqual(['999', '1,000', '1,234,567']);
});

it('durations name the two largest units', () => {
  expect([40, 4200, 42_000, 59_900, 200_000, 18_240_000].map(duration)).toEqual([
    '0.0 s',
    '4.2 s',
    '42 s',
    '1 min 0 s',
    '3 min 20 s',
    '5 h 4 min',
  ]);
});
