import { expect, test } from 'vitest';
import { MemorySource } from './byte-source.ts';
import { ExtentMapBuilder } from './extent-map.ts';
import { EndlessMaps, ImageCost, type Room } from './image-cost.ts';
import { MappedSource } from './mapped-source.ts';

/** How many extents that do not follow each other a map has room for. */
function extentsIn(room: Room): number {
  const builder = new ExtentMapBuilder(room);
  let count = 0;
  while (builder.add({ start: count * 2, end: count * 2 + 1, from: 0, stored: 0 })) count++;
  return count;
}

test('maps of images within images have room for so many extents together, and what is done with gives its room back', () => {
  const cost = new ImageCost();
  const outer = cost.share();
  const most = extentsIn(outer);
  expect(most).toBe(4 * 1024 * 1024);
  let total = most;
  for (let level = 0; level < 8; level++) total += extentsIn(cost.share());
  expect(total).toBeLessThanOrEqual(2.1 * most);
  outer[Symbol.dispose]();
  expect(extentsIn(cost.share())).toBe(most);
});

/** A map of many pieces, each of which leads to all of the first bytes of another source. */
function alias(source: MappedSource, pieces: number, length: number): MappedSource {
  const builder = new ExtentMapBuilder();
  for (let i = 0; i < pieces; i++) {
    const start = i * 2 * length;
    builder.add({ start, end: start + length, from: 0, stored: 0 });
  }
  return new MappedSource(source, builder.build());
}

test('maps over maps that each lead to all of the next are not looked through to their end', async () => {
  const cost = new ImageCost();
  const builder = new ExtentMapBuilder();
  for (let i = 0; i < 1000; i++) builder.add({ start: i * 2, end: i * 2 + 1, from: 0, stored: 0 });
  const first = new MappedSource(new MemorySource(Buffer.alloc(4096)), builder.build(), cost);
  const second = alias(first, 1000, 2000);
  const third = alias(second, 1000, 4_000_000);
  const look = (): void => {
    for (let run = third.nextRun(0); run !== null; run = third.nextRun(run.end));
  };
  expect(look).toThrow(EndlessMaps);
  // Whoever reads what is found may go on as long as there is something.
  const buffer = Buffer.alloc(64 * 1024);
  for (let at = 0; at < 4_000_000; at += buffer.length) await second.readAt(buffer, at);
  expect(second.nextRun(0)).toEqual({ start: 0, end: 1 });
});
