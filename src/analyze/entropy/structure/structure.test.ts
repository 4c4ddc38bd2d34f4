import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deflateRawSync, deflateSync } from 'node:zlib';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { MemorySource } from '../../../bytes/index.ts';
import { CLEAR, LOCKED, LOCKED_WITHOUT_END, ZEROS } from '../../../../test/kit/type1-font.ts';
import { StructureCheck, type Structure } from './index.ts';

const noise = (length: number): Buffer =>
  createCipheriv('aes-256-ctr', Buffer.alloc(32, 3), Buffer.alloc(16)).update(Buffer.alloc(length));

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** Variables of MATLAB, each a compressed element. */
function matlab(...variables: readonly Buffer[]): Buffer {
  const header = Buffer.from('MATLAB 5.0 MAT-file'.padEnd(124).concat('\0\x01IM'), 'latin1');
  const elements = variables.map((packed) => {
    const tag = Buffer.alloc(8);
    tag.writeUInt32LE(15);
    tag.writeUInt32LE(packed.length, 4);
    return Buffer.concat([tag, packed]);
  });
  return Buffer.concat([header, ...elements]);
}

function png(): Buffer {
  const header = Buffer.from('000001000000010008000000', 'hex');
  const pixels = deflateSync(noise(60_000));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', pixels.subarray(0, 30_000)),
    chunk('IDAT', pixels.subarray(30_000)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Not a picture, but all that a viewer's parser asks of one: segments, and a scan without illegal markers. */
function jpeg(): Buffer {
  const scan = Buffer.from(noise(40_000).toString('latin1').replaceAll('\xff', '\xff\0'), 'latin1');
  return Buffer.concat([
    Buffer.from('ffd8ffe000104a46494600010100000100010000ffda0004ffff', 'hex'),
    scan,
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** Bit by bit, as RFC 3533 describes it. */
function oggCrc(page: Buffer): number {
  let sum = 0;
  for (const byte of page) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  }
  return sum >>> 0;
}

/** Codes of so many bits, each cleared before the table needs longer ones: LZW without compression. */
function lzw(bytes: Buffer, pointBits: number, lowFirst: boolean): Buffer {
  const clear = 1 << pointBits;
  const codes = [clear];
  for (const [at, byte] of bytes.entries()) {
    if (at > 0 && at % (clear - 4) === 0) codes.push(clear);
    codes.push(byte);
  }
  codes.push(clear + 1);
  const width = pointBits + 1;
  const out = Buffer.alloc(Math.ceil((codes.length * width) / 8));
  for (const [index, code] of codes.entries()) {
    for (let bit = 0; bit < width; bit++) {
      const at = index * width + bit;
      const value = (code >> (lowFirst ? bit : width - 1 - bit)) & 1;
      out[at >> 3] = (out[at >> 3] ?? 0) | (value << (lowFirst ? at & 7 : 7 - (at & 7)));
    }
  }
  return out;
}

/** 200 x 200 points of noise, so that only a decoder can tell it from a cipher's output. */
function gif(): Buffer {
  const data = lzw(noise(40_000), 8, true);
  const blocks: Buffer[] = [];
  for (let at = 0; at < data.length; at += 255) {
    const block = data.subarray(at, at + 255);
    blocks.push(Buffer.from([block.length]), block);
  }
  return Buffer.concat([
    Buffer.from('GIF89a', 'latin1'),
    Buffer.from('c800c800f70000', 'hex'),
    Buffer.alloc(768, 7),
    Buffer.from('2c00000000c800c80000', 'hex'),
    Buffer.from([8]),
    ...blocks,
    Buffer.from([0, 0x3b]),
  ]);
}

function entry(tag: number, type: number, count: number, value: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16LE(tag);
  bytes.writeUInt16LE(type, 2);
  bytes.writeUInt32LE(count, 4);
  bytes.writeUInt32LE(value, 8);
  return bytes;
}

function littleWords(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, 4 * at);
  return bytes;
}

/** 200 x 200 grey points in four strips, each packed by `pack`. */
function tiff(compression: number, pack: (strip: Buffer) => Buffer): Buffer {
  const strips = Array.from({ length: 4 }, (_, at) =>
    pack(noise(40_000).subarray(at * 10_000, (at + 1) * 10_000)),
  );
  const directory = 8;
  const lists = directory + 2 + 12 * 8 + 4;
  const starts: number[] = [];
  let end = lists + 32;
  for (const strip of strips) {
    starts.push(end);
    end += strip.length;
  }
  return Buffer.concat([
    Buffer.from('49492a0008000000', 'hex'),
    Buffer.from([8, 0]),
    entry(256, 3, 1, 200),
    entry(257, 3, 1, 200),
    entry(258, 3, 1, 8),
    entry(259, 3, 1, compression),
    entry(262, 3, 1, 1),
    entry(273, 4, 4, lists),
    entry(278, 3, 1, 50),
    entry(279, 4, 4, lists + 16),
    littleWords([0]),
    littleWords(starts),
    littleWords(strips.map(({ length }) => length)),
    ...strips,
  ]);
}

/** Section 9 of TIFF 6.0, without any runs. */
function packBits(strip: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < strip.length; at += 128) {
    const part = strip.subarray(at, at + 128);
    parts.push(Buffer.from([part.length - 1]), part);
  }
  return Buffer.concat(parts);
}

function beam(): Buffer {
  const chunks = Array.from({ length: 60 }, (_, number) => {
    const head = Buffer.from('Code....');
    head.writeUInt32BE(1000 + number, 4);
    return Buffer.concat([head, noise(1000 + number), Buffer.alloc((4 - (number % 4)) % 4)]);
  });
  const form = Buffer.concat([Buffer.from('BEAM'), ...chunks]);
  const head = Buffer.from('FOR1....');
  head.writeUInt32BE(form.length, 4);
  return Buffer.concat([head, form]);
}

function gsm(): Buffer {
  const speech = noise(33 * 2000);
  for (let at = 0; at < speech.length; at += 33) speech[at] = 0xd0 | ((speech[at] ?? 0) & 15);
  return speech;
}

function segment(kind: number, bytes: Buffer): Buffer {
  const head = Buffer.from([0x80, kind, 0, 0, 0, 0]);
  head.writeUInt32LE(bytes.length, 2);
  return Buffer.concat([head, bytes]);
}

function ogg(): Buffer {
  const pages = Array.from({ length: 40 }, (_, number) => {
    const head = Buffer.alloc(27);
    head.write('OggS', 'latin1');
    head.writeUInt32LE(number, 18);
    head[26] = 20;
    const page = Buffer.concat([head, Buffer.alloc(20, 200), noise(20 * 200)]);
    page.writeUInt32LE(oggCrc(page), 22);
    return page;
  });
  return Buffer.concat(pages);
}

async function check(mime: string, bytes: Buffer, size = 4096): Promise<Structure | null> {
  const structure = new StructureCheck(mime);
  for (let at = 0; at < bytes.length; at += size) structure.add(bytes.subarray(at, at + size));
  return structure.close(new MemorySource(bytes), null);
}

function encrypted(bytes: Buffer, from: number, length: number): Buffer {
  const out = Buffer.from(bytes);
  noise(length).copy(out, from);
  return out;
}

const pngIs = async (bytes: Buffer): Promise<string | undefined> => (await check('image/png', bytes))?.is;

const elfIs = async (bytes: Buffer): Promise<string | undefined> =>
  (await check('application/x-sharedlib', bytes))?.is;

/** With all its sums right. */
function pngOf(...data: readonly Buffer[]): Buffer {
  const [mark, end] = [png().subarray(0, 8 + 24), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([mark, ...data.map((part) => chunk('IDAT', part)), end]);
}

describe('structure', () => {
  const kinds: readonly (readonly [string, Buffer])[] = [
    ['image/png', png()],
    ['image/jpeg', jpeg()],
    ['audio/x-gsm', gsm()],
    ['application/x-erlang-beam', beam()],
    ['audio/ogg', ogg()],
    ['image/gif', gif()],
    ['image/tiff', tiff(5, (strip) => lzw(strip, 8, false))],
    ['image/tiff', tiff(8, (strip) => deflateSync(strip))],
    ['image/tiff', tiff(32_773, packBits)],
    ['application/x-matlab-data', matlab(deflateSync(noise(30_000)), deflateSync(noise(40_000)))],
    [
      'application/x-font-type1',
      Buffer.concat([segment(1, CLEAR), segment(2, LOCKED), segment(1, ZEROS), Buffer.from([0x80, 3])]),
    ],
    ['application/postscript', Buffer.concat([CLEAR, LOCKED, ZEROS])],
  ];

  test.each(kinds)('%s holds together, in chunks of any size', async (mime, bytes) => {
    for (const size of [1, 7, 4096, 1 << 20]) {
      expect((await check(mime, bytes, size))?.is, `chunks of ${size}`).toBe('holds');
    }
  });

  test.each(kinds)('%s breaks when 8 KiB of it are encrypted', async (mime, bytes) => {
    expect((await check(mime, encrypted(bytes, 16_384, 8192)))?.is).toBe('broken');
  });

  test.each(kinds)('%s that ends early is cut or broken, never in order', async (mime, bytes) => {
    expect((await check(mime, bytes.subarray(0, bytes.length - 2000)))?.is).not.toBe('holds');
  });

  test('what follows the end of a picture is not part of its structure', async () => {
    expect((await check('image/png', Buffer.concat([png(), noise(5000)])))?.is).toBe('holds');
  });

  test('a PNG with right sums over what is no picture breaks; one that is nearly blank, or of Xcode, holds', async () => {
    const mark = Buffer.from([0x78, 0x9c]);
    expect(await pngIs(pngOf(noise(60_000)))).toBe('broken');
    expect(await pngIs(pngOf(Buffer.alloc(0), mark, noise(60_000)))).toBe('broken');
    expect(await pngIs(pngOf(deflateSync(Buffer.alloc(9_000_000))))).toBe('holds');
    expect(
      await pngIs(pngOf(deflateSync(noise(60_000)).subarray(0, 1), deflateSync(noise(60_000)).subarray(1))),
    ).toBe('holds');
    const xcode = [
      png().subarray(0, 8),
      chunk('CgBI', Buffer.alloc(4)),
      pngOf(deflateRawSync(noise(60_000))).subarray(8),
    ];
    expect(await pngIs(Buffer.concat(xcode))).toBe('holds');
  });

  test('a JPEG without a scan is no picture', async () => {
    const comment = Buffer.concat([
      Buffer.from('ffd8fffeea62', 'hex'),
      noise(60_000),
      Buffer.from('ffd9', 'hex'),
    ]);
    expect((await check('image/jpeg', comment))?.is).toBe('broken');
  });

  test('a program whose end is noise breaks, wherever that begins; one that is in order, stripped or cut says nothing', async () => {
    const program = readFileSync('/bin/ls');
    const half = (program.length >> 1) + 777;
    expect(await elfIs(encrypted(program, half, program.length - half))).toBe('broken');
    expect(await elfIs(encrypted(program, program.length - 4096, 4096))).toBe('broken');
    const stripped = Buffer.from(program);
    stripped.fill(0, 0x28, 0x30);
    const cut = program.subarray(0, program.length - 1000);
    for (const bytes of [program, stripped, cut, program.subarray(0, 40)])
      expect(await elfIs(bytes)).toBeUndefined();
    // Of 32 bits, and the other order: the header names the last 40 bytes.
    const other = Buffer.concat([Buffer.from('7f454c460102', 'hex'), Buffer.alloc(994), noise(40)]);
    other.writeUInt32BE(1000, 0x20);
    other.writeUInt16BE(40, 0x2e);
    other.writeUInt16BE(1, 0x30);
    expect(await elfIs(other)).toBe('broken');
    expect(await elfIs(other.fill(0, 1000))).toBeUndefined();
  });

  test('a font whose end is damaged holds up to its last outline, and no further', async () => {
    const font = Buffer.concat([CLEAR, LOCKED_WITHOUT_END]);
    expect((await check('application/postscript', font))?.is).toBe('holds');
    expect((await check('application/postscript', encrypted(font, font.length - 4096, 4096)))?.is).toBe(
      'broken',
    );
    expect((await check('application/postscript', encrypted(font, 8192, 4096)))?.is).toBe('broken');
  });

  test('noise behind the end of a variable of MATLAB is no part of it', async () => {
    const hidden = matlab(Buffer.concat([deflateSync(Buffer.from('x')), noise(60_000)]));
    expect((await check('application/x-matlab-data', hidden))?.is).toBe('broken');
  });

  test('variables of MATLAB that are not compressed prove nothing', async () => {
    const header = matlab();
    const plain = Buffer.concat([header, Buffer.from('0e000000e8030000', 'hex'), noise(1000)]);
    expect(await check('application/x-matlab-data', plain)).toBeNull();
    expect(await check('application/x-matlab-data', header)).toBeNull();
  });

  test('types whose structure nobody follows say nothing', async () => {
    expect(await check('application/x-test', noise(5000))).toBeNull();
  });

  test('any bytes at all end in an answer', async () => {
    const magics = [
      '89504e470d0a1a0a',
      'ffd8',
      '4f676753',
      '474946383961',
      '664c6143',
      '1a45dfa3',
      '00000018',
    ];
    const mimes = [
      'image/png',
      'image/jpeg',
      'audio/ogg',
      'image/gif',
      'audio/flac',
      'video/webm',
      'video/mp4',
    ];
    for (const mime of [...mimes, 'audio/mpeg', 'video/x-msvideo']) {
      for (const magic of magics) {
        const structure = await check(mime, Buffer.concat([Buffer.from(magic, 'hex'), noise(20_000)]), 333);
        expect(
          structure === null || structure.is !== 'holds' || mime === 'video/mp4',
          `${mime} ${magic}`,
        ).toBe(true);
      }
    }
  });
});

/** ISO/IEC 14496-12, 4.2. */
function box(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

function table(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, 4 * at);
  return bytes;
}

test("a film's index that lies about its lengths ends in an answer", async () => {
  const codec = Buffer.concat([Buffer.alloc(12), Buffer.from('avc1')]);
  const endless = 0xffffffff;
  const stbl = box(
    'stbl',
    box('stsd', codec),
    box('stsz', table(0, 1000, endless)),
    box('stco', table(0, endless, 8)),
    box('stsc', table(0, endless, 0, endless, 1)),
  );
  const moov = box('moov', box('trak', box('mdia', box('minf', stbl))));
  const film = Buffer.concat([box('ftyp', Buffer.from('isom')), moov, box('mdat', noise(50_000))]);
  const structure = new StructureCheck('video/mp4');
  structure.add(film);
  expect(await structure.close(new MemorySource(film), film)).toBeNull();
});
