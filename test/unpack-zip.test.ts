import { tmpdir } from 'node:os';
import { crc32, deflateRawSync, zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { MARKER } from './kit/marker.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';
import {
  descriptor,
  endRecord,
  zip64Ending,
  zipBytes,
  type ZipClaims,
  type ZipEntry,
} from './kit/archives/zip-bytes.ts';

// Zip archives that show one thing to one program and another to the next.

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

const HIDDEN = Buffer.from(`hidden ${MARKER}`);
const ENCRYPTED = 1;
const DESCRIPTOR = 8;

function plain(name: string, text: string | Buffer = name): ZipEntry {
  return { name, data: Buffer.from(text) };
}

function deflated(name: string, content: Buffer): ZipEntry {
  return { name, data: deflateRawSync(content), method: 8, crc: crc32(content), size: content.length };
}

function texts({ members }: Unpacked): string[] {
  return members.map(({ text }) => text);
}

function sees(result: Unpacked): boolean {
  return texts(result).some((text) => text.includes(MARKER));
}

describe('what no directory lists', () => {
  test('a local entry between two listed ones is examined', async () => {
    const bytes = zipBytes([plain('a'), { ...deflated('b', HIDDEN), listed: false }, plain('c')]);
    const { members, gaps, unsafe, measured } = await unpack('zip', bytes, scratch);
    expect(members.map(({ name, text }) => [name, text])).toEqual([
      ['a', 'a'],
      ['c', 'c'],
      ['b', HIDDEN.toString()],
    ]);
    expect({ gaps, unsafe, measured }).toEqual({ gaps: [], unsafe: [], measured: { unlisted_members: 1 } });
  });

  test.each([
    ['signed', { signed: true, wide: false }],
    ['unsigned', { signed: false, wide: false }],
    ['signed, of zip64', { signed: true, wide: true }],
    ['unsigned, of zip64', { signed: false, wide: true }],
  ])('an unlisted entry whose sizes stand behind it is examined: %s', async (_, kind) => {
    for (const entry of [deflated('b', HIDDEN), plain('b', HIDDEN)]) {
      const told = { crc: crc32(HIDDEN), packed: entry.data.length, size: HIDDEN.length };
      const hidden: ZipEntry = {
        ...entry,
        flags: DESCRIPTOR,
        local: { crc: 0, packed: 0, size: 0 },
        after: descriptor(told, kind),
        listed: false,
      };
      const result = await unpack('zip', zipBytes([plain('a'), hidden, plain('c')]), scratch);
      expect(texts(result)).toEqual(['a', 'c', HIDDEN.toString()]);
      expect(result.gaps).toEqual([]);
    }
  });

  test('an unlisted entry that is cut off is examined as far as it goes, and a gap', async () => {
    const whole = zipBytes([
      deflated(
        'b',
        Buffer.concat([HIDDEN, Buffer.from(Array.from({ length: 5000 }, (_, i) => `${i * i}`).join())]),
      ),
    ]);
    const cut = whole.subarray(0, 5000);
    const result = await unpack('zip', cut, scratch);
    expect(sees(result)).toBe(true);
    expect(result.gaps.map(({ reason, member }) => [reason, member])).toEqual([
      ['corrupt', 'b'],
      ['corrupt', null],
    ]);
  });

  test('a zip without its directory is examined, and a gap', async () => {
    const bytes = zipBytes([plain('a'), deflated('b', HIDDEN)]);
    const result = await unpack('zip', bytes.subarray(0, bytes.length - 30), scratch);
    expect(sees(result)).toBe(true);
    expect(result.gaps).toMatchObject([{ reason: 'corrupt', member: null }]);
  });

  test('a lost directory is a gap also where an archive within a member has one', async () => {
    const inner = zipBytes([plain('b', HIDDEN)]);
    const outer = zipBytes([plain('a'), plain('inner.zip', inner), plain('lost')]);
    const cut = outer.subarray(0, outer.indexOf(inner) + inner.length);
    const result = await unpack('zip', cut, scratch);
    expect(sees(result)).toBe(true);
    expect(texts(result)).toContain('a');
    expect(result.gaps).toMatchObject([{ reason: 'corrupt', member: 'inner.zip' }]);
  });

  test.each<[string, Buffer]>([
    ['before the first member', zipBytes([{ ...plain('a'), before: HIDDEN }])],
    ['between members', zipBytes([plain('a'), { ...plain('b', 'a'), before: HIDDEN }])],
    ['between the last member and the directory', zipBytes([plain('a')], { beforeDirectory: HIDDEN })],
    ['between the directory and its end', zipBytes([plain('a')], { afterDirectory: HIDDEN })],
    [
      'behind more zeros than a comment has room for',
      Buffer.concat([zipBytes([plain('a')]), Buffer.alloc(200_000), HIDDEN]),
    ],
    ['behind the end', Buffer.concat([zipBytes([plain('a')]), HIDDEN])],
    ['in front of offsets that do not know of it', Buffer.concat([HIDDEN, zipBytes([plain('a')])])],
  ])('bytes %s are a member of their own', async (_, bytes) => {
    const result = await unpack('zip', bytes, scratch);
    expect([...new Set(texts(result))].toSorted()).toEqual(['a', HIDDEN.toString()]);
    expect(result.gaps).toEqual([]);
    expect(result.unsafe).toEqual([]);
  });

  test.each([10, 300_000])('bytes behind the end of deflated data of %d bytes are a member', async (size) => {
    const content = Buffer.alloc(size, 'abc');
    const entry = { ...deflated('a', content), data: Buffer.concat([deflateRawSync(content), HIDDEN]) };
    const result = await unpack('zip', zipBytes([entry, plain('b')]), scratch);
    expect(result.members.map((member) => member.size)).toEqual([size, 1, HIDDEN.length]);
    expect(sees(result)).toBe(true);
  });

  test('an entry within the data of a damaged one is examined', async () => {
    const inner = zipBytes([{ ...deflated('b', HIDDEN), listed: false }]).subarray(0, -22);
    const data = Buffer.concat([Buffer.from([7]), Buffer.alloc(300_000, 'x'), inner]);
    const result = await unpack('zip', zipBytes([{ name: 'a', data, method: 8 }]), scratch);
    expect(sees(result)).toBe(true);
    expect(result.gaps).toMatchObject([{ reason: 'corrupt', member: 'a' }]);
  });

  test('zeros that align members are no member', async () => {
    const bytes = zipBytes([plain('a'), { ...plain('b'), before: Buffer.alloc(4000) }]);
    expect(texts(await unpack('zip', bytes, scratch))).toEqual(['a', 'b']);
  });
});

describe('directories', () => {
  test('two archives one behind the other are both examined', async () => {
    const bytes = Buffer.concat([zipBytes([plain('a', HIDDEN)]), zipBytes([plain('b')])]);
    const result = await unpack('zip', bytes, scratch);
    expect(texts(result)).toEqual(['b', HIDDEN.toString()]);
    expect(result).toMatchObject({ gaps: [], unsafe: [], measured: { joined_archives: 1 } });
  });

  test('an archive in the comment of another: both are examined, and it is a finding', async () => {
    const inner = zipBytes([plain('b')]);
    for (const [outer, comment] of [
      [plain('a', HIDDEN), inner],
      [plain('a'), zipBytes([plain('b', HIDDEN)])],
      [plain('a', HIDDEN), zipBytes([])],
    ] as const) {
      const result = await unpack('zip', zipBytes([outer], { comment }), scratch);
      expect(sees(result)).toBe(true);
      expect(result.unsafe).toEqual(['two-directories']);
    }
  });

  test('two end records with the same directory are none', async () => {
    const bytes = zipBytes([plain('a')]);
    const end = bytes.subarray(-22);
    const result = await unpack('zip', Buffer.concat([bytes.subarray(0, -22), end, end]), scratch);
    expect(texts(result)).toEqual(['a']);
    expect(result.unsafe).toEqual([]);
  });

  test('a zip64 end record that leads to another directory: both are examined, and it is a finding', async () => {
    const one = zipBytes([plain('a', HIDDEN)]);
    const two = zipBytes([plain('b')]);
    const [oneBody, twoBody] = [one.subarray(0, -22), two.subarray(0, -22)];
    const size = 47;
    const shift = Buffer.from(twoBody);
    shift.writeUInt32LE(oneBody.length, twoBody.length - size + 42);
    const at = oneBody.length + twoBody.length;
    const bytes = Buffer.concat([
      oneBody,
      shift,
      zip64Ending(1, size, oneBody.length - size, at),
      endRecord(1, size, at - size),
    ]);
    const result = await unpack('zip', bytes, scratch);
    expect(texts(result).toSorted()).toEqual(['b', HIDDEN.toString()]);
    expect(result.unsafe).toEqual(['two-directories']);
  });

  test('an end record that counts too few members hides none; one that counts too many is a gap', async () => {
    const entries = [plain('a'), plain('b', HIDDEN)];
    const few = await unpack('zip', zipBytes(entries, { count: 1 }), scratch);
    expect(texts(few)).toEqual(['a', HIDDEN.toString()]);
    expect(few.unsafe).toEqual(['entry-count']);
    const many = await unpack('zip', zipBytes(entries, { count: 3 }), scratch);
    expect(sees(many)).toBe(true);
    expect(many.gaps).toMatchObject([{ reason: 'corrupt' }]);
  });

  test('a directory that names a place without a member is a gap; the member itself is found', async () => {
    const result = await unpack('zip', zipBytes([{ ...plain('a', HIDDEN), at: 7 }]), scratch);
    expect(sees(result)).toBe(true);
    expect(result.gaps).toMatchObject([{ reason: 'corrupt', member: 'a' }]);
  });

  test('more members than the budget allows are a gap before one is unpacked', async () => {
    const bytes = zipBytes(Array.from({ length: 20 }, (_, i) => plain(`${i}`)));
    const { members, gaps } = await unpack('zip', bytes, scratch, { limits: { max_entries: 10 } });
    expect(members).toEqual([]);
    expect(gaps).toMatchObject([{ reason: 'budget_exceeded', detail: 'more than 10 members' }]);
  });

  test('a hundred thousand empty members are done in seconds', async () => {
    const empty = Buffer.alloc(0);
    const bytes = zipBytes(Array.from({ length: 100_000 }, (_, i) => ({ name: `${i}`, data: empty })));
    const started = performance.now();
    const { members, gaps, unsafe } = await unpack('zip', bytes, scratch);
    expect([members.length, gaps, unsafe]).toEqual([100_000, [], []]);
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

describe('a local header that differs from the directory', () => {
  const content = Buffer.concat([HIDDEN, Buffer.alloc(100, 'y')]);
  const base = deflated('a', content);

  test.each<[string, ZipEntry]>([
    ['in the name', { ...base, local: { name: 'b' } }],
    ['in the method, the directory is right', { ...base, local: { method: 0 } }],
    ['in the method, the header is right', { ...base, central: { method: 0 } }],
    ['in the method, which nobody knows', { ...base, central: { method: 77 } }],
    ['in saying that it is encrypted', { ...base, local: { flags: ENCRYPTED } }],
    ['in not saying that it is encrypted', { ...base, central: { flags: ENCRYPTED } }],
    ['in the size, the directory is right', { ...base, local: { packed: 3, size: 3 } }],
    ['in the size, the header is right', { ...base, central: { packed: 3, size: 3 } }],
    ['in the check sum', { ...base, local: { crc: 5 } }],
  ])('%s: both readings are examined, and it is a finding', async (_, entry) => {
    const result = await unpack('zip', zipBytes([entry, plain('z')]), scratch);
    expect(sees(result)).toBe(true);
    expect(texts(result)).toContain('z');
    expect(result.unsafe).toEqual(['header-mismatch']);
  });

  test('a stored member that is longer by its own header is examined to both ends', async () => {
    const entry = { ...plain('a', `short${MARKER}`), central: { packed: 5, size: 5, crc: crc32('short') } };
    const result = await unpack('zip', zipBytes([entry]), scratch);
    expect(texts(result)).toContain('short');
    expect(sees(result)).toBe(true);
    expect(result.gaps).toEqual([]);
  });

  test.each<[string, ZipClaims, Buffer | undefined]>([
    ['sizes that stand behind the data', { flags: 8, crc: 0, packed: 0, size: 0 }, undefined],
    ['nothing told at all', { crc: 0, packed: 0, size: 0 }, undefined],
    ['the flag for UTF-8', { flags: 0x800 }, undefined],
  ])('what honest programs do is none: %s', async (_, local, after) => {
    const result = await unpack('zip', zipBytes([{ ...base, local, ...(after && { after }) }]), scratch);
    expect(texts(result)).toEqual([content.toString()]);
    expect(result).toMatchObject({ gaps: [], unsafe: [] });
  });
});

test('members that lie over each other are a finding; so much is unpacked as the archive has bytes, the rest is a gap', async () => {
  const content = Buffer.alloc(100_000, 'k');
  const kernel = deflated('k', content);
  const bytes = zipBytes([
    kernel,
    ...Array.from({ length: 500 }, (_, i) => ({ ...plain(`${i}`, ''), at: 0 })),
  ]);
  const quoted = quotes(bytes);
  const { members, gaps, unsafe } = await unpack('zip', quoted, scratch);
  expect(unsafe[0]).toBe('overlapping-entries');
  expect(members.filter(({ size }) => size === content.length).length).toBeLessThan(400);
  expect(gaps.some(({ detail }) => /members lie over others and were not unpacked/.test(detail))).toBe(true);
});

/** Every entry of the directory gets the sizes, method and check sum of the first. */
function quotes(bytes: Buffer): Buffer {
  const first = bytes.indexOf('PK\x01\x02');
  for (let at = first; at >= 0; at = bytes.indexOf('PK\x01\x02', at + 1)) {
    bytes.copy(bytes, at + 8, first + 8, first + 28);
  }
  return bytes;
}

describe('single members', () => {
  test('an unknown method is a gap for that member, with its bytes', async () => {
    const bytes = zipBytes([{ ...plain('odd'), method: 77 }, plain('b', HIDDEN)]);
    const result = await unpack('zip', bytes, scratch);
    expect(sees(result)).toBe(true);
    expect(result.gaps).toMatchObject([{ reason: 'unsupported_format', member: 'odd' }]);
  });

  test('Zstandard in one frame or several is read here', async () => {
    const data = Buffer.concat([zstdCompressSync('one '), zstdCompressSync(HIDDEN)]);
    const size = 4 + HIDDEN.length;
    const crc = crc32(HIDDEN, crc32('one '));
    const result = await unpack('zip', zipBytes([{ name: 'a', data, method: 93, size, crc }]), scratch);
    expect(texts(result)).toEqual([`one ${HIDDEN.toString()}`]);
    expect(result.gaps).toEqual([]);
  });

  test('strong encryption is a gap that names the member', async () => {
    const result = await unpack('zip', zipBytes([{ ...plain('a'), flags: 0x41 }]), scratch, {
      passwords: ['x'],
    });
    expect(result.gaps).toMatchObject([{ reason: 'encrypted', detail: '1 of 1 members need a password: a' }]);
  });

  test('every name is data, of members with the same name both are examined', async () => {
    const names = ['a\0b', 'a\nb', 'C:\\x', '\\\\host\\x', 'n'.repeat(65_000), 'twice', 'twice', ''];
    const result = await unpack('zip', zipBytes(names.map((name, i) => plain(name, `${i}`))), scratch);
    expect(result.members.map(({ name, text }) => [name, text])).toEqual(
      names.map((name, i) => [name, `${i}`]),
    );
    expect(result.measured).toEqual({ absolute_names: 2, nul_names: 1 });
    expect(result).toMatchObject({ gaps: [], unsafe: [] });
  });

  test('devices are counted, and what they hold is examined', async () => {
    const result = await unpack('zip', zipBytes([{ ...plain('d', HIDDEN), mode: 0o020644 }]), scratch);
    expect(sees(result)).toBe(true);
    expect(result.measured).toEqual({ devices: 1 });
  });

  test('an aborted scan ends at once', async () => {
    const stop = new AbortController();
    stop.abort(new Error('the scan ends'));
    const bytes = zipBytes([plain('a')]);
    await expect(unpack('zip', bytes, scratch, { signal: stop.signal })).rejects.toThrow('the scan ends');
  });
});

test('turned bits and lost ends never hide a member without a word', async () => {
  const streamed = deflated('streamed', Buffer.from('behind it'));
  const told = { crc: crc32('behind it'), packed: streamed.data.length, size: 9 };
  const sample = zipBytes([
    deflated('a', HIDDEN),
    plain('stored'),
    { ...streamed, flags: DESCRIPTOR, local: { crc: 0, packed: 0, size: 0 }, after: descriptor(told) },
    { ...deflated('unlisted', Buffer.from('unlisted')), listed: false },
    { ...plain('link', '/etc'), mode: 0o120777 },
  ]);
  const whole = new Set(texts(await unpack('zip', sample, scratch)));
  expect(whole.size).toBe(5);
  const share = fc.double({ min: 0, max: 0.9999, noNaN: true });
  const flips = fc.array(fc.tuple(share, fc.integer({ min: 1, max: 255 })), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(flips, fc.option(share, { freq: 2 }), async (turned, kept) => {
      const bytes = Buffer.from(sample);
      for (const [place, mask] of turned) {
        const at = Math.floor(place * bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ mask;
      }
      const end = kept === null ? bytes.length : Math.floor(kept * bytes.length);
      const result = await unpack('zip', bytes.subarray(0, end), scratch);
      const seen = new Set(texts(result));
      const missing = [...whole].filter((text) => !seen.has(text));
      expect(missing.length === 0 || result.gaps.length + result.unsafe.length > 0).toBe(true);
    }),
    { numRuns: 1500, seed: 20261122 },
  );
});

test('headers without number that each claim all the rest cost no more than a few passes', async () => {
  const entry: ZipEntry = {
    ...plain('x', 'PK\x07\x08'),
    flags: DESCRIPTOR,
    method: 8,
    local: { crc: 0, packed: 0, size: 0 },
    listed: false,
  };
  const started = performance.now();
  for (const local of [
    { crc: 0, packed: 0, size: 0 },
    { flags: 0, packed: 2 ** 31 },
    { flags: 0, method: 0, packed: 2 ** 31 },
  ]) {
    const bytes = zipBytes(Array.from({ length: 20_000 }, () => ({ ...entry, local })));
    const { gaps } = await unpack('zip', bytes, scratch);
    expect(gaps.length).toBeGreaterThan(0);
  }
  expect(performance.now() - started).toBeLessThan(30_000);
});
