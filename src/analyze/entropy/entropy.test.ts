import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CLEAR, LOCKED, ZEROS } from '../../../test/kit/type1-font.ts';
import type { ContentType } from '../../domain/index.ts';
import type { Outcome, Subject } from '../analyzer.ts';
import { MIN_BYTES, entropyAnalyzer, shannon } from './index.ts';
import { Profiler } from './profile/profile.ts';

const bytes = fc.uint8Array({ maxLength: 3000 });

function entropy(chunks: readonly Uint8Array[]): number {
  const profiler = new Profiler();
  for (const chunk of chunks) profiler.add(chunk);
  const { counts, bytes: total } = profiler.close();
  return shannon(counts, total);
}

/** Every value as often as every other. */
const uniform = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => i & 255));

function subject(density: ContentType['density'], mime = 'application/x-test'): Subject {
  return {
    artifact: { id: 0, parent: null, trail: ['x'] },
    type: {
      mime,
      description: 'Test',
      by: 'signature',
      container: null,
      density,
      claimed: null,
      contradiction: null,
      renamed_from: null,
      second: null,
    },
    head: Buffer.alloc(0),
    size: null,
    source: null,
    isPiece: false,
    signal: new AbortController().signal,
  };
}

async function examine(
  chunks: readonly Buffer[],
  density: ContentType['density'] = 'plain',
  threshold?: number,
): Promise<Outcome> {
  const analyzer = entropyAnalyzer(threshold === undefined ? {} : { threshold });
  const examination = analyzer.examine(subject(density));
  if (examination === null) throw new Error('entropy examines everything');
  for (const chunk of chunks) await examination.write(chunk);
  return examination.end();
}

/** How many there are of a file in PostScript that is seen whole. */
async function claimsOf(head: Buffer): Promise<number> {
  const examination = entropyAnalyzer().examine({ ...subject('plain', 'application/postscript'), head });
  await examination?.write(head);
  return (await examination?.end())?.claims.length ?? NaN;
}

describe('shannon', () => {
  test('entropy lies between 0 and 8 bits per byte', () => {
    fc.assert(
      fc.property(bytes, (content) => {
        const bits = entropy([content]);
        expect(bits).toBeGreaterThanOrEqual(0);
        expect(bits).toBeLessThanOrEqual(8);
      }),
    );
  });

  test('n bytes never show more than log2(n) bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (content) => {
        expect(entropy([content])).toBeLessThanOrEqual(Math.log2(content.length) + 1e-9);
      }),
    );
  });

  test('the order of bytes changes nothing', () => {
    fc.assert(
      fc.property(bytes, (content) => {
        expect(entropy([content.toSorted()])).toBe(entropy([content]));
      }),
    );
  });

  test('the cut into chunks changes nothing', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 8 }), (chunks) => {
        expect(entropy(chunks)).toBe(entropy([Buffer.concat(chunks)]));
      }),
    );
  });

  test('every value equally often is 8 bits, one value alone is 0', () => {
    expect(entropy([uniform(4096)])).toBe(8);
    expect(entropy([Buffer.alloc(4096, 7)])).toBe(0);
    expect(entropy([])).toBe(0);
    expect(entropy([Buffer.from('ab')])).toBe(1);
  });
});

describe('entropy analyzer', () => {
  test('plain content above the threshold is reported with its figures', async () => {
    const outcome = await examine([uniform(2048), uniform(2048)]);
    expect(outcome.claims).toHaveLength(1);
    expect(outcome.claims[0]).toMatchObject({
      kind: 'high_entropy',
      evidence: { entropy_bits_per_byte: 8, threshold: 6.5, bytes: 4096 },
    });
    expect(outcome.inspected_bytes).toBe(4096);
  });

  test('content of unknown type is not excused, what is compressed by nature is', async () => {
    expect((await examine([uniform(4096)], 'unknown')).claims).toHaveLength(1);
    expect((await examine([uniform(4096)], 'compressed')).claims).toEqual([]);
  });

  test('a PostScript font is not flagged for what is locked with the key that all fonts have; one that was altered is', async () => {
    const font = Buffer.concat([CLEAR, LOCKED, ZEROS]);
    expect(await claimsOf(font)).toBe(0);
    font[CLEAR.length + 5000]! ^= 1;
    expect(await claimsOf(font)).toBe(1);
  });

  test('too few bytes to mean anything are measured, not reported', async () => {
    const outcome = await examine([uniform(MIN_BYTES - 1)]);
    expect(outcome.claims).toEqual([]);
    expect(outcome.measurements['entropy_bits_per_byte']).toBeGreaterThan(7.9);
    expect((await examine([uniform(MIN_BYTES)])).claims).toHaveLength(1);
  });

  test('the threshold is an option, and part of the version', async () => {
    expect((await examine([Buffer.from('abcd'.repeat(500))], 'plain', 1.5)).claims).toHaveLength(1);
    expect((await examine([Buffer.from('abcd'.repeat(500))])).claims).toEqual([]);
    expect(entropyAnalyzer({ threshold: 7 }).version).not.toBe(entropyAnalyzer().version);
  });

  test('the measurement has four digits and is there for an empty artifact', async () => {
    const outcome = await examine([Buffer.from('aab')]);
    expect(outcome.measurements['entropy_bits_per_byte']).toBe(0.9183);
    expect((await examine([])).measurements).toEqual({ entropy_bits_per_byte: 0 });
  });
});
