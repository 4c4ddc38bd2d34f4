import { createCipheriv } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { MemorySource } from '../../../bytes/index.ts';
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

function ogg(): Buffer {
  const pages = Array.from({ length: 40 }, (_, number) => {
    const head = Buffer.alloc(27);
    head.write('OggS', 'latin1');
    head.writeUInt32LE(number, 18);
    head[26] = 20;
    return Buffer.concat([head, Buffer.alloc(20, 200), noise(20 * 200)]);
  });
  return Buffer.concat(pages);
}

async function check(mime: string, bytes: Buffer, size = 4096): Promise<Structure | null> {
  const structure = new StructureCheck(mime);
  for (let at = 0; at < bytes.length; at += size) structure.add(bytes.subarray(at, at + size));
  return structure.close(null, null);
}

function encrypted(bytes: Buffer, from: number, length: number): Buffer {
  const out = Buffer.from(bytes);
  noise(length).copy(out, from);
  return out;
}

describe('structure', () => {
  const kinds: readonly (readonly [string, Buffer])[] = [
    ['image/png', png()],
    ['image/jpeg', jpeg()],
    ['audio/ogg', ogg()],
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
