import { expect, test } from 'vitest';
import { Profiler } from '../../src/analyze/entropy/profile/profile.ts';

test('counts beyond 4 GiB are exact', () => {
  const profiler = new Profiler();
  const chunk = Buffer.alloc(256 * 1024 * 1024);
  for (let i = 0; i < 17; i++) profiler.add(chunk);
  const { counts, bytes } = profiler.close();
  expect(bytes).toBe(17 * chunk.length);
  expect(counts[0]).toBe(17 * chunk.length);
});
