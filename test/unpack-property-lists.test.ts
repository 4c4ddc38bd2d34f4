// needs: python3
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { tool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

const TRAILER_BYTES = 32;

/** Written by Python's `plistlib`. */
function plist(value: string): Buffer {
  const code = `import plistlib, sys, base64\nsys.stdout.buffer.write(plistlib.dumps(${value}, fmt=plistlib.FMT_BINARY))`;
  return tool(scratch.path, 'python3', ['-c', code]);
}

describe('binary property lists', () => {
  test('data of 64 bytes and more are members, whatever the size of their length, and so are texts with data encoded in them', async () => {
    const list = plist(
      `{'a': b'a' * 63, 'b': b'b' * 64, 'c': [b'c' * 300, {'d': b'd' * 70000}], 'e': base64.b64encode(b'words ' * 60).decode(), 'f': 'f ' * 500, 'g': 'ü' * 500}`,
    );
    const { members, gaps } = await unpack('binary-plist', list, scratch);
    expect(gaps).toEqual([]);
    const found = Object.fromEntries(members.map(({ size, text }) => [size, text.slice(0, 4)]));
    expect(found).toEqual({ 64: 'bbbb', 300: 'cccc', 480: 'd29y', 70_000: 'dddd' });
  });

  test('one that is cut off anywhere is damaged', async () => {
    const list = plist(`{'b': b'b' * 200, 'n': list(range(20))}`);
    for (let length = 8; length < list.length; length += 7) {
      const { gaps } = await unpack('binary-plist', list.subarray(0, length), scratch);
      expect(gaps.map(({ reason }) => reason)).toEqual(['corrupt']);
    }
  });

  test('a trailer that lies is damage, and costs nothing', async () => {
    const list = plist(`{'b': b'b' * 200}`);
    const trailer = list.length - TRAILER_BYTES;
    for (const [at, value] of [
      [6, 0],
      [6, 7],
      [8, 0xff],
      [14, 0xff],
      [24, 0x7f],
      [29, 0xff],
    ] as const) {
      const bad = Buffer.from(list);
      bad.writeUInt8(value, trailer + at);
      const { gaps } = await unpack('binary-plist', bad, scratch);
      expect(gaps.map(({ reason }) => reason)).toEqual(['corrupt']);
    }
  });

  test('objects that are longer than the file, outside of it, or jumped to and fro are damage, and what came before is examined', async () => {
    const long = ordered([object(100), Buffer.from([0x4f, 0x13, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])]);
    const outside = ordered([object(100), object(100)], (offsets) => [offsets[0]!, 0xffff_ff]);
    const jumps = ordered([object(100), object(100)], ([first, second]) =>
      Array.from({ length: 30_000 }, (_, i) => (i % 2 === 0 ? second! + 1 : first! + 1)),
    );
    for (const [list, members] of [
      [long, 1],
      [outside, 1],
      [jumps, 0],
    ] as const) {
      const opened = await unpack('binary-plist', list, scratch);
      expect([opened.members.length, opened.gaps.map(({ reason }) => reason)]).toEqual([
        members,
        ['corrupt'],
      ]);
    }
  });
});

function object(bytes: number): Buffer {
  return Buffer.concat([Buffer.from([0x4f, 0x10, bytes]), Buffer.alloc(bytes, 0)]);
}

/** A property list of these objects; `listed`: what its table says instead of where they are. */
function ordered(
  objects: readonly Buffer[],
  listed: (offsets: readonly number[]) => readonly number[] = (offsets) => offsets,
): Buffer {
  const head = Buffer.from('bplist00');
  let at = head.length;
  const offsets = objects.map((bytes) => (at += bytes.length) - bytes.length);
  const table = listed(offsets).map((offset) => {
    const entry = Buffer.alloc(3);
    entry.writeUIntBE(offset, 0, 3);
    return entry;
  });
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt8(3, 6);
  trailer.writeUInt8(1, 7);
  trailer.writeBigUInt64BE(BigInt(table.length), 8);
  trailer.writeBigUInt64BE(BigInt(at), 24);
  return Buffer.concat([head, ...objects, ...table, trailer]);
}
