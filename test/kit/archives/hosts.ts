import { deflateSync } from 'node:zlib';

// Small files that have an end of their own, by the format that opens what comes behind it.

/** A chunk of a PNG; its check sum is not looked at. */
export function chunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(data.length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, data, Buffer.alloc(4)]);
}

export const PNG = Buffer.concat([
  Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
  chunk('IHDR', Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])),
  chunk('IDAT', deflateSync(Buffer.alloc(2))),
  chunk('IEND', Buffer.alloc(0)),
]);
const GIF = Buffer.concat([
  Buffer.from('GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1'),
  Buffer.from([0x21, 0xfe, 3, 1, 2, 3, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b]),
]);
const JPEG = Buffer.concat([
  Buffer.from('\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1'),
  Buffer.from('\xff\xda\0\x0c\x03\x01\0\x02\x11\x03\x11\0\x3f\0data\xff\0more\xff\xd0last\xff\xd9', 'latin1'),
]);
const WAVE = Buffer.from('RIFF\x10\0\0\0WAVEdata\x04\0\0\0abcd', 'latin1');
const MP4 = Buffer.from('\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x0cmdatabcd', 'latin1');

/** A Windows program of one section, as its headers have it. */
function program(): Buffer {
  const bytes = Buffer.alloc(1024, 0xcc);
  bytes.fill(0, 0, 512);
  bytes.write('MZ', 0, 'latin1');
  bytes.writeUInt32LE(64, 60);
  bytes.write('PE\0\0\x64\x86\x01\0', 64, 'latin1');
  bytes.writeUInt16LE(240, 64 + 20);
  bytes.writeUInt16LE(0x20b, 64 + 24);
  const section = 64 + 24 + 240;
  bytes.write('.text', section, 'latin1');
  bytes.writeUInt32LE(512, section + 16);
  bytes.writeUInt32LE(512, section + 20);
  return bytes;
}

/** A Linux program of one segment. */
function linuxProgram(): Buffer {
  const bytes = Buffer.alloc(256, 0x90);
  bytes.fill(0, 0, 128);
  bytes.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  bytes.writeUInt16LE(2, 16);
  bytes.writeUInt16LE(0x3e, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(1, 64);
  bytes.writeBigUInt64LE(256n, 64 + 32);
  return bytes;
}

export const HOSTS = {
  png: PNG,
  gif: GIF,
  jpeg: JPEG,
  riff: WAVE,
  'iso-media': MP4,
  pe: program(),
  elf: linuxProgram(),
} as const;
