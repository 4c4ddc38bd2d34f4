import { createCipheriv } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readEntropyMap, writeEntropyMap } from '../../../domain/index.ts';
import { Profiler } from './profile.ts';

const noise = (length: number): Buffer =>
  createCipheriv('aes-256-ctr', Buffer.alloc(32, 1), Buffer.alloc(16)).update(Buffer.alloc(length));

function mapOf(content: Buffer): NonNullable<ReturnType<typeof readEntropyMap>> {
  const profiler = new Profiler();
  profiler.add(content);
  const map = readEntropyMap(profiler.close().entropyMap);
  if (map === null) throw new Error('no map');
  return map;
}

describe('the entropy map', () => {
  test('shows where in a file noise begins and ends', () => {
    const map = mapOf(Buffer.concat([Buffer.alloc(1 << 20, 'text '), noise(2 << 20), Buffer.alloc(1 << 20)]));
    expect(map).toHaveLength(64);
    for (const { mean } of map.slice(0, 16)) expect(mean).toBeLessThan(3);
    for (const { least, most } of map.slice(16, 48)) expect([least > 7.7, most > 7.7]).toEqual([true, true]);
    expect(map.slice(48)).toEqual(Array.from({ length: 16 }, () => ({ least: 0, mean: 0, most: 0 })));
  });

  test('of blocks by turns shows both, whatever the size', () => {
    const both = Buffer.concat([noise(4096), Buffer.alloc(4096, 'words ')]);
    const map = mapOf(Buffer.concat(Array<Buffer>(1024).fill(both)));
    for (const { least, mean, most } of map) {
      expect([least < 3, mean > 4 && mean < 6, most > 7.7]).toEqual([true, true, true]);
    }
  });

  test('has at most 64 stretches and one a block, and none for less than a block', () => {
    expect(mapOf(noise(4096 * 3))).toHaveLength(3);
    for (const blocks of [64, 65, 128, 129, 500])
      expect(mapOf(noise(4096 * blocks)).length).toBeLessThanOrEqual(64);
    const profiler = new Profiler();
    profiler.add(Buffer.from('short'));
    expect(profiler.close().entropyMap).toBe('');
  });

  test('comes back as it was written, to a quarter of a bit; anything else is no map', () => {
    const bits = fc.double({ min: 0, max: 8, noNaN: true });
    const stretch = fc.record({ least: bits, mean: bits, most: bits });
    fc.assert(
      fc.property(fc.array(stretch, { minLength: 1, maxLength: 64 }), (stretches) => {
        const read = readEntropyMap(writeEntropyMap(stretches)) ?? [];
        expect(read).toHaveLength(stretches.length);
        for (const [at, { least, mean, most }] of stretches.entries()) {
          for (const [a, b] of [
            [read[at]?.least, least],
            [read[at]?.mean, mean],
            [read[at]?.most, most],
          ]) {
            expect(Math.abs((a ?? 99) - (b ?? 0))).toBeLessThan(0.125);
          }
        }
      }),
    );
    for (const text of ['', 'ab', '<b>', 'ABC', 'zzz\n']) expect(readEntropyMap(text)).toBeNull();
  });
});
