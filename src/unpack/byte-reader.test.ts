import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader } from './byte-reader.ts';

async function* each(chunks: readonly Buffer[]): AsyncGenerator<Buffer, void, undefined> {
  for (const chunk of chunks) {
    const lent = Buffer.from(chunk);
    yield lent;
    lent.fill(0xee); // It is another's once the next is asked for.
  }
}

const STEP = fc.record({
  peek: fc.nat({ max: 300_000 }),
  take: fc.integer({ min: 1, max: 200_000 }),
  back: fc.double({ min: 0, max: 1, noNaN: true }),
});

test('whatever is looked at, taken and given back, the bytes come in order, each once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 6 }),
      fc.array(STEP, { minLength: 1, maxLength: 12 }),
      async (lengths, steps) => {
        let fill = 0;
        const chunks = lengths.map(
          (length) => Buffer.alloc(length).map(() => (fill = (fill * 5 + 7) % 251)) as Buffer,
        );
        const whole = Buffer.concat(chunks);
        const reader = new ByteReader(each(chunks));
        for (const { peek, take, back } of steps) {
          const ahead = await reader.peek(peek);
          expect(ahead.equals(whole.subarray(reader.position, reader.position + peek))).toBe(true);
          const before = reader.position;
          const piece = await reader.next(take);
          expect(piece === null).toBe(before === whole.length);
          if (piece === null) break;
          expect(piece.length).toBeGreaterThan(0);
          expect(piece.equals(whole.subarray(before, before + piece.length))).toBe(true);
          reader.giveBack(Math.floor(back * piece.length));
        }
        const rest: Buffer[] = [];
        const from = reader.position;
        for await (const part of reader.rest()) rest.push(Buffer.from(part));
        expect(Buffer.concat(rest).equals(whole.subarray(from))).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});
