import { createCipheriv } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Profiler, type Profile } from './profile.ts';

const noise = (length: number, key = 1): Buffer =>
  createCipheriv('aes-256-ctr', Buffer.alloc(32, key), Buffer.alloc(16)).update(Buffer.alloc(length));
const text = (length: number): Buffer => Buffer.alloc(length, 'select * from customers where name = 7;\n');

function profileOf(chunks: readonly Uint8Array[]): Profile {
  const profiler = new Profiler();
  for (const chunk of chunks) profiler.add(chunk);
  return profiler.close();
}

/** The same bytes, cut anywhere. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b);
  return [...sorted, bytes.length].map((end, index) => bytes.subarray(sorted[index - 1] ?? 0, end));
}

describe('profile', () => {
  test('how the bytes are cut into chunks changes nothing', () => {
    const content = Buffer.concat([
      text(9000),
      noise(30_000),
      Buffer.alloc(5000),
      text(8192),
      noise(4096 * 3),
    ]);
    const whole = profileOf([content]);
    fc.assert(
      fc.property(fc.array(fc.nat(content.length), { maxLength: 12 }), (places) => {
        expect(profileOf(cut(content, places))).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  test("a cipher's output is noise in every block, text in none, zeros are blank", () => {
    const { blocks, noiseChi } = profileOf([noise(1 << 20)]);
    expect(blocks).toEqual({ noise: 256, structured: 0, blank: 0, mixed: 0 });
    expect(noiseChi).toBeGreaterThan(160);
    expect(noiseChi).toBeLessThan(350);
    expect(profileOf([text(1 << 20)]).blocks).toEqual({ noise: 0, structured: 256, blank: 0, mixed: 0 });
    expect(profileOf([Buffer.alloc(1 << 20)]).blocks).toEqual({
      noise: 0,
      structured: 0,
      blank: 256,
      mixed: 0,
    });
  });

  test('what is too even for a cipher is no noise', () => {
    const table = Buffer.from(Array.from({ length: 1 << 16 }, (_, at) => at & 255));
    expect(profileOf([table]).blocks.noise).toBe(0);
  });

  test('noise that begins and ends at blocks has sharp edges, shifted noise has none', () => {
    const parts = [text(8192), noise(8192), text(8192), noise(4096), text(8192)];
    expect(profileOf(parts).runs).toMatchObject({
      count: 2,
      sharp: 2,
      sharpEdges: 4,
      blurredEdges: 0,
      longest: 2,
    });
    const shifted = [text(10_000), noise(20_000), text(10_000)];
    expect(profileOf(shifted).runs).toMatchObject({ sharp: 0, sharpEdges: 0 });
  });

  test('the run at the beginning and the one at the end are told', () => {
    const { runs } = profileOf([noise(4096 * 3), text(4096 * 4), noise(4096 * 2)]);
    expect(runs).toMatchObject({ first: 3, firstIsSharp: true, last: 2, lastIsSharp: true });
  });

  test('every other 16 bytes are seen in every block, wherever they begin', () => {
    for (const from of [0, 16]) {
      const content = text(1 << 16);
      const cipher = noise(content.length);
      for (let at = from; at < content.length; at += 32) cipher.copy(content, at, at, at + 16);
      expect(profileOf([content]).stride).toMatchObject({ blocks: 16, of: 16 });
    }
    expect(profileOf([text(1 << 16)]).stride).toBeNull();
  });

  test('what is compressed in one part and text in another shows no stride by chance', () => {
    for (let key = 0; key < 256; key++) {
      const content = Buffer.concat([text(4096 + 160), noise(940, key)]);
      expect(profileOf([content]).stride, `key ${key}`).toBeNull();
    }
  });

  test('the map shows where the noise lies, however long the content is', () => {
    const pieces = Array.from({ length: 64 }, (_, at) => (at % 2 === 0 ? text(1 << 16) : noise(1 << 16)));
    expect(profileOf(pieces).map).toBe('.#'.repeat(32));
    const long = new Profiler();
    for (let at = 0; at < 3000; at++) long.add(at < 1500 ? text(1 << 14) : noise(1 << 14));
    const { map } = long.close();
    expect(map.length).toBeLessThanOrEqual(64);
    expect(map).toMatch(/^\.+[-+]?#+$/);
  });

  test('nothing is read into an empty artifact', () => {
    expect(profileOf([])).toMatchObject({ bytes: 0, noiseBytes: 0, stride: null, map: '' });
  });
});
