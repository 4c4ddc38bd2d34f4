import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shannon } from '../../analyze/entropy/index.ts';
import { BlockSampler, LineSampler, type Sampler, type Take } from './samples.ts';

type Sample = readonly [number, number, number];

function samples(make: (take: Take) => Sampler, chunks: readonly Uint8Array[]): Sample[] {
  const taken: Sample[] = [];
  const sampler = make((bits, start, end) => taken.push([bits, start, end]));
  for (const chunk of chunks) sampler.add(Buffer.from(chunk));
  sampler.end();
  return taken;
}

const byLine = (take: Take): Sampler => new LineSampler(take);
const byBlock = (take: Take): Sampler => new BlockSampler(take);

function entropyOf(bytes: Uint8Array): number {
  const counts = new Float64Array(256);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  return shannon(counts, bytes.length);
}

/** Many line breaks, so that they meet the ends of chunks. */
const text = fc.array(fc.uint8Array({ max: 16, maxLength: 40 }), { maxLength: 6 });

test('the cut into chunks changes no sample', () => {
  fc.assert(
    fc.property(text, (chunks) => {
      const whole = [Buffer.concat(chunks)];
      expect(samples(byLine, chunks)).toEqual(samples(byLine, whole));
      expect(samples(byBlock, chunks)).toEqual(samples(byBlock, whole));
    }),
  );
});

test('a sample is the entropy of exactly its bytes', () => {
  fc.assert(
    fc.property(text, (chunks) => {
      const whole = Buffer.concat(chunks);
      for (const [bits, start, end] of samples(byLine, [whole])) {
        const line = whole.subarray(start, end);
        expect(line).not.toContain(0x0a);
        expect(bits).toBeCloseTo(entropyOf(line), 10);
      }
    }),
  );
});

test('blocks are 1,024 bytes, and the last one what is left', () => {
  const bytes = Buffer.from(Array.from({ length: 2500 }, (_, at) => at & 255));
  expect(samples(byBlock, [bytes.subarray(0, 700), bytes.subarray(700)])).toEqual([
    [8, 0, 1024],
    [8, 1024, 2048],
    [expect.closeTo(entropyOf(bytes.subarray(2048)), 10), 2048, 2500],
  ]);
});

/** Of the samples in an ASCII text that comes byte by byte. */
function lengths(content: string): number[] {
  const bytes = Array.from(Buffer.from(content), (byte) => Buffer.from([byte]));
  return samples(byLine, bytes).map(([, start, end]) => end - start);
}

test('CR LF ends a line, CR alone does not, and empty lines are no samples', () => {
  expect(lengths('ab\r\ncd\n\n\r\nef')).toEqual([2, 2, 2]);
  expect(lengths('a\rb\n')).toEqual([3]);
  expect(lengths('a\r\r\n')).toEqual([2]);
  expect(lengths('a\r')).toEqual([1]);
  expect(lengths('\r')).toEqual([]);
});
