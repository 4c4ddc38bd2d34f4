import { hash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { tool } from './tool.ts';

const BLOCK_BYTES = 1024;
const HEAD_BYTES = 4;
/** Readable in an encrypted workbook ([MS-XLS] 2.2.10). */
const IN_THE_CLEAR = [0x809, 0x2f];
const BOUND_SHEET = 0x85;

/** One record of a workbook ([MS-XLS] 2.1.4). */
export function record(type: number, content: Buffer): Buffer {
  return Buffer.concat([short(type), short(content.length), content]);
}

/** The first record, FilePass and the others, encrypted with RC4 in one of its two ways or left as they are. */
export function workbook(
  scheme: 'old' | 'CryptoAPI',
  password: string,
  [first, ...records]: readonly Buffer[],
  locked: boolean,
): Buffer {
  const salt = Buffer.from('0123456789abcdef');
  const verifier = Buffer.from('fedcba9876543210');
  const keyOf = scheme === 'old' ? oldKey : cryptoApiKey;
  const secret = Buffer.from(password, 'utf16le');
  const sum = hash(scheme === 'old' ? 'md5' : 'sha1', verifier, 'buffer');
  const check = rc4(keyOf(secret, salt, 0), Buffer.concat([verifier, sum]));
  const head = [0x04, 24, 0x04, 0, 0x6801, 0x8004, 128, 1, 0, 0].map(long);
  const filePass =
    scheme === 'old'
      ? [short(1), short(1), short(1), salt, check]
      : [short(1), short(2), short(2), head[0]!, long(34), ...head.slice(2), short(0)].concat([
          long(16),
          salt,
          check.subarray(0, 16),
          long(20),
          check.subarray(16),
        ]);
  const all = [first!, record(0x2f, Buffer.concat(filePass)), ...records];
  const plain = Buffer.concat(all);
  if (!locked) return plain;
  const blocks = Array.from({ length: Math.ceil(plain.length / BLOCK_BYTES) }, (_, block) =>
    rc4(keyOf(secret, salt, block), plain.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)),
  );
  const encrypted = Buffer.concat(blocks);
  let at = 0;
  for (const each of all) {
    const type = each.readUInt16LE(0);
    const clear = IN_THE_CLEAR.includes(type) ? each.length : HEAD_BYTES + (type === BOUND_SHEET ? 4 : 0);
    plain.copy(encrypted, at, at, at + clear);
    at += each.length;
  }
  return encrypted;
}

/**
 * The same, obfuscated ([MS-OFFCRYPTO] 2.3.7) with a key of our own: Office derives it from the password, but readers
 * find it in the file.
 */
export function xorWorkbook(
  password: string,
  [first, ...records]: readonly Buffer[],
  locked: boolean,
): Buffer {
  const key = [0x5a, 0xc3];
  const padding = Buffer.from('bbffffbaffffb98000be0f00bf0f00', 'hex');
  const array = Buffer.concat([Buffer.from(password), padding], 16).map((byte, i) => {
    const mixed = byte ^ key[i % 2]!;
    return (mixed >> 1) | ((mixed & 1) << 7);
  });
  let check = 0;
  for (const byte of [...Buffer.from(password)].toReversed().concat(password.length)) {
    const doubled = check * 2;
    check = ((check & 0x4000) === 0 ? 0 : 1) ^ (doubled & 0x7fff) ^ byte;
  }
  const filePass = Buffer.concat([short(0), Buffer.from(key), short(check ^ 0xce4b)]);
  const all = [first!, record(0x2f, filePass), ...records];
  const plain = Buffer.concat(all);
  if (!locked) return plain;
  const bytes = Buffer.from(plain);
  let at = 0;
  for (const each of all) {
    const type = each.readUInt16LE(0);
    const from = IN_THE_CLEAR.includes(type) ? each.length : HEAD_BYTES + (type === BOUND_SHEET ? 4 : 0);
    for (let i = at + from; i < at + each.length; i++) {
      const turned = ((plain[i]! << 5) | (plain[i]! >> 3)) & 0xff;
      bytes[i] = turned ^ array[(i + each.length - HEAD_BYTES) % 16]!;
    }
    at += each.length;
  }
  return bytes;
}

function oldKey(secret: Buffer, salt: Buffer, block: number): Buffer {
  const first = hash('md5', secret, 'buffer').subarray(0, 5);
  const all = Buffer.concat(Array.from({ length: 16 }, () => Buffer.concat([first, salt])));
  const second = hash('md5', all, 'buffer').subarray(0, 5);
  return hash('md5', Buffer.concat([second, long(block)]), 'buffer');
}

function cryptoApiKey(secret: Buffer, salt: Buffer, block: number): Buffer {
  const first = hash('sha1', Buffer.concat([salt, secret]), 'buffer');
  return hash('sha1', Buffer.concat([first, long(block)]), 'buffer').subarray(0, 16);
}

/** By OpenSSL's legacy provider: not by the code that is tested. */
function rc4(key: Buffer, bytes: Buffer): Buffer {
  const providers = ['-provider', 'legacy', '-provider', 'default'];
  const args = ['enc', '-rc4', ...providers, '-nosalt', '-K', key.toString('hex')];
  return tool(tmpdir(), 'openssl', args, bytes);
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
