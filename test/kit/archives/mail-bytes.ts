import { deflateSync } from 'node:zlib';
import { tool } from './tool.ts';

/** A mail of lines as they are given, one character a byte. */
export function mailBytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** A key `k.pem` and a certificate `c.pem` for it. */
export function makeKey(folder: string): void {
  const subject = ['-subj', '/CN=test', '-keyout', 'k.pem', '-out', 'c.pem', '-days', '1'];
  tool(folder, 'openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    ...subject,
  ]);
}

const BINHEX = '!"#$%&\'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr';

/** RFC 1741, appendix A, without repeats but the byte 90 itself; check sums are left empty. */
export function binhexBytes(name: string, data: Buffer, resources: Buffer = Buffer.alloc(0)): Buffer {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(data.length, 0);
  lengths.writeUInt32BE(resources.length, 4);
  const sum = Buffer.alloc(2);
  const header = Buffer.concat([
    Buffer.from([name.length]),
    Buffer.from(name),
    Buffer.alloc(11),
    lengths,
    sum,
  ]);
  const bytes = Buffer.concat([header, data, sum, resources, sum]);
  const raw = [...bytes].flatMap((byte) => (byte === 0x90 ? [0x90, 0] : [byte]));
  let text = ':';
  for (let at = 0; at < raw.length; at += 3) {
    const [a = 0, b = 0, c = 0] = raw.slice(at, at + 3);
    const word = (a << 16) | (b << 8) | c;
    for (const shift of [18, 12, 6, 0]) text += BINHEX[(word >> shift) & 63];
  }
  const lines = `${text}:`.replace(/.{64}/g, '$&\n');
  return Buffer.from(`(This file must be converted with BinHex 4.0)\n\n${lines}\n`);
}

function attribute(level: number, id: number, data: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUInt8(level, 0);
  header.writeUInt32LE(id, 1);
  header.writeUInt32LE(data.length, 5);
  const sum = Buffer.alloc(2);
  sum.writeUInt16LE(data.reduce((total, byte) => (total + byte) & 0xffff, 0));
  return Buffer.concat([header, data, sum]);
}

/** [MS-OXTNEF]: one attachment; its title stands behind its data, as Outlook writes it. */
export function tnefBytes(name: string, data: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from('789f3e220100', 'hex'),
    attribute(1, 0x00089006, Buffer.from('00000100', 'hex')),
    attribute(2, 0x00069002, Buffer.alloc(14)),
    attribute(2, 0x0006800f, data),
    attribute(2, 0x00018010, Buffer.from(`${name}\0`)),
  ]);
}

/** A compressed film that holds nothing but binary data. */
export function swfBytes(data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16LE((87 << 6) | 63, 0);
  head.writeUInt32LE(data.length + 6, 2);
  const body = Buffer.concat([Buffer.from([0]), Buffer.alloc(4), head, data, Buffer.alloc(2)]);
  const header = Buffer.from('CWS\x0a\0\0\0\0', 'latin1');
  header.writeUInt32LE(body.length + 8, 4);
  return Buffer.concat([header, deflateSync(body)]);
}
