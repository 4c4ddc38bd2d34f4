// needs: python3 xz-utils qemu-utils wimtools
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mozlz4Bytes } from './kit/archives/mozlz4-bytes.ts';
import { oldRarVolumes, rarVolumes } from './kit/archives/rar-bytes.ts';
import { tarBytes } from './kit/archives/tar-bytes.ts';
import { tool } from './kit/archives/tool.ts';
import { zipBytes } from './kit/archives/zip-bytes.ts';
import { scanJson, type Result } from './kit/cli.ts';
import { MARKER } from './kit/marker.ts';

// Places where a program that people use finds a file, and where nobody would look: 7-Zip, unrar, GNU tar and cpio behind
// anything, Office in XML, psql, mysql and sqlite3 when they load what was dumped. What is there must be found.

/** As no engine sees it by its raw bytes, and long enough to go on over several pages. */
const CONTENT = Buffer.from(
  `${MARKER}\n${Array.from({ length: 400 }, (_, i) => (i * 2654435761) % 2 ** 32).join(' ')}`,
);
const PACKED = gzipSync(CONTENT);
const BASE64 = PACKED.toString('base64');
/** The same with a field among the first bytes that is all slashes in base64. */
const SLASHES = Buffer.concat([
  Buffer.from('1f8b08040000000000030600ffffffffffff', 'hex'),
  PACKED.subarray(10),
]).toString('base64');
const HEX = PACKED.toString('hex');

let work: string;
let folder: string;
let results: readonly Result[];
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'hidden-'));
  folder = join(work, 'backup');
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(folder, name), bytes);
  for (const [name, make] of Object.entries(MADE)) writeFileSync(join(folder, name), make());
  ({
    report: { results },
  } = await scanJson(['--clamd', 'off', folder]));
}, 300_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

function wrapped(text: string, width: number, indent: string): string {
  return text.replaceAll(new RegExp(`(.{${width}})`, 'g'), `$1\n${indent}`);
}

const binary = Buffer.from('\xfe\xdc\xba\x98'.repeat(300), 'latin1');
const zip = zipBytes([{ name: 'a.gz', data: PACKED }]);

/** A gzip by its header, and no more than that. */
const DAMAGED = Buffer.concat([PACKED.subarray(0, 10), Buffer.alloc(40, 0xff)]);

/** Frames of Zstandard by their first bytes: windows of 16 TiB, which nobody writes, and of 2 GiB, which is not given. */
const FALSE_FRAME = Buffer.concat([
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf0]),
  Buffer.alloc(40, 0x11),
]);
const LARGE_FRAME = Buffer.concat([
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8]),
  Buffer.alloc(40, 0x11),
]);

function spaced(between: string, before: string): string {
  return [...PACKED].map((byte) => before + byte.toString(16).padStart(2, '0')).join(between);
}

function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.replaceAll(
    /.{1,5}/g,
    (five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five.padEnd(5, '0'), 2)] ?? '',
  );
}

function ascii85(bytes: Buffer): string {
  const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
  let text = '';
  for (let at = 0; at < padded.length; at += 4) {
    let value = padded.readUInt32BE(at);
    let five = '';
    for (let digit = 0; digit < 5; digit++, value = Math.floor(value / 85))
      five = String.fromCharCode(33 + (value % 85)) + five;
    text += value === 0 && five === '!!!!!' ? 'z' : five;
  }
  return text.slice(0, text.length - (-bytes.length & 3));
}

function xxd(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 16) {
    const line = bytes.subarray(at, at + 16);
    const words = line.toString('hex').replaceAll(/(.{4})(?=.)/g, '$1 ');
    const shown = line.toString('latin1').replaceAll(/[^ -~]/g, '.');
    text += `${at.toString(16).padStart(8, '0')}: ${words.padEnd(40)} ${shown}\n`;
  }
  return text;
}

const FILES: Readonly<Record<string, Buffer | string>> = {
  'archive behind what nobody knows': Buffer.concat([binary, PACKED]),
  'archive behind a long text': Buffer.concat([Buffer.from('notes of mine\n'.repeat(15_000)), PACKED]),
  'archive behind a bitmap.bmp': Buffer.concat([bitmap(), PACKED]),
  'tar behind blocks of noise': Buffer.concat([
    Buffer.alloc(2048, 0xfe),
    tarBytes([{ name: 'a.gz', content: PACKED }]),
  ]),
  'zip behind a DOS program.exe': Buffer.concat([
    Buffer.from('MZ\x40\0\x02\0\0\0\x04\0'),
    Buffer.alloc(700, 0x90),
    zip.subarray(0, -22),
  ]),
  'archive behind one that is damaged': Buffer.concat([binary, DAMAGED, binary, PACKED]),
  'archive behind three that are damaged': Buffer.concat([binary, DAMAGED, DAMAGED, DAMAGED, binary, PACKED]),
  'archive behind a false Zstandard frame': Buffer.concat([binary, FALSE_FRAME, binary, PACKED]),
  'archive behind a frame with a large window': Buffer.concat([binary, LARGE_FRAME, binary, PACKED]),
  'archive behind a damaged one behind a text': Buffer.concat([
    Buffer.from('notes of mine\n'.repeat(15_000)),
    DAMAGED,
    binary,
    PACKED,
  ]),
  'flat OPC.xml': `<?xml version="1.0"?><pkg:package xmlns:pkg="x"><pkg:binaryData>${wrapped(BASE64, 76, '')}</pkg:binaryData></pkg:package>`,
  'flat OpenDocument.fodt': `<?xml version="1.0"?><office:document xmlns:office="x"><office:binary-data>${BASE64}</office:binary-data></office:document>`,
  'property list.plist': `<?xml version="1.0"?><plist><dict><data>\n\t${wrapped(BASE64, 68, '\t')}\n</data></dict></plist>`,
  'base64.b64': wrapped(BASE64, 76, ''),
  'certificate.pem': `-----BEGIN CERTIFICATE-----\n${wrapped(BASE64, 64, '')}\n-----END CERTIFICATE-----\n`,
  'token.txt': `Authorization: Bearer ${PACKED.toString('base64url')}\n`,
  'base32.txt': `file: ${wrapped(base32(PACKED), 76, '')}\n`,
  'spaced.txt': `the bytes are\n${wrapped(spaced(' ', ''), 48, '')}\n`,
  'colons.txt': `fingerprint ${spaced(':', '').toUpperCase()}\n`,
  'array.c': `unsigned char a[] = {\n${wrapped(spaced(', ', '0x'), 72, '  ')}\n};\n`,
  'string.c': `char a[] = "${wrapped(spaced('', '\\x'), 64, '  ').replaceAll(/\n {2}/g, '"\n  "')}";\n`,
  'ascii85.txt': `<~${wrapped(ascii85(PACKED), 75, '')}~>\n`,
  'xxd.txt': `the bytes are\n${xxd(PACKED)}and that is all\n`,
  'people.ldif': `dn: cn=a\njpegPhoto:: ${wrapped(BASE64, 76, ' ')}\n`,
  'JSON.json': JSON.stringify({ a: 1, file: wrapped(BASE64, 76, '') }),
  'pg_dump.sql': `-- PostgreSQL database dump\n\nCOPY t (b) FROM stdin;\n\\\\x${HEX}\n\\.\n`,
  'mysqldump --hex-blob.sql': `-- MySQL dump 10.13\nINSERT INTO t VALUES (1,0x${HEX.toUpperCase()});\n`,
  'mysqldump.sql': Buffer.concat([
    Buffer.from("-- MySQL dump 10.13\nINSERT INTO t VALUES (1,_binary '"),
    quoted(PACKED),
    Buffer.from("');\n"),
  ]),
  'mysqldump of before.sql': Buffer.concat([
    Buffer.from("-- MySQL dump 10.11\nINSERT INTO `t` VALUES (1,'it''s','a\\'b',''),(2,'x','y','"),
    quoted(PACKED),
    Buffer.from("');\n"),
  ]),
  'mysqldump of a tar.sql': Buffer.concat([
    Buffer.from("-- MySQL dump 10.11\nINSERT INTO `t` VALUES (1,'"),
    quoted(tarBytes([{ name: 'a.gz', content: PACKED }])),
    Buffer.from("');\n"),
  ]),
  'JSON of PHP.json': `{"file":"${BASE64.replaceAll('/', '\\/')}"}`,
  'JSON of PHP, slashes soon.json': `{"file":"${SLASHES.replaceAll('/', '\\/')}"}`,
  'mail whose first field is none.eml': `foo: x\nbar: y\nContent-Transfer-Encoding: base64\n\n${wrapped(BASE64, 76, '')}`,
  'one field of a mail': `Content-Transfer-Encoding: quoted-printable\n\n${quotedPrintable(PACKED)}`,
  'many fields of none.eml': `${'Zoo: y\n'.repeat(60)}Content-Type: a/b\nContent-Transfer-Encoding: base64\n\n${BASE64}`,
  'notes with a file in them.txt': Buffer.concat([Buffer.from('See this.\n\n'), uuencoded(PACKED)]),
  'UTF-16.xml': Buffer.from(
    `\ufeff<?xml version="1.0" encoding="utf-16"?><x><a:binaryData xmlns:a="b">${BASE64}</a:binaryData></x>`,
    'utf16le',
  ),
  'script in UTF-16.ps1': Buffer.from(`\ufeff# ${MARKER}\r\n`, 'utf16le'),
  'script in big-endian UTF-16.js': Buffer.from(`// ${MARKER}\r\nvar a = 1;\r\n`, 'utf16le').swap16(),
  'notes in UTF-32.txt': Buffer.concat(
    Array.from(`\ufeff${MARKER}\n`, (letter) =>
      Buffer.from([letter.charCodeAt(0) & 255, letter.charCodeAt(0) >> 8, 0, 0]),
    ),
  ),
  'notes in UTF-32 without a mark.txt': Buffer.concat(
    Array.from(`Notes: ${MARKER}\n`, (letter) => Buffer.from([0, 0, 0, letter.charCodeAt(0)])),
  ),
  'mail with a byte order mark.eml': `\ufeffFrom: a\nTo: b\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\n${BASE64}`,
  'mail in UTF-16.eml': Buffer.from(
    `\ufeffFrom: a\nTo: b\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\n${BASE64}`,
    'utf16le',
  ),
  'editdata.mso': Buffer.concat([activeMime(), deflateSync(CONTENT)]),
};

const MADE: Readonly<Record<string, () => Buffer>> = {
  'session.jsonlz4': () => mozlz4Bytes(CONTENT),
  'settings.plist': () => {
    writeFileSync(join(work, 'packed'), PACKED);
    return tool(work, 'python3', ['-c', PROPERTY_LIST]);
  },
  'text in a database.db': () => {
    writeFileSync(join(work, 'text'), SMALL.toString('base64'));
    tool(work, 'python3', ['-c', TEXT_COLUMN]);
    return readFileSync(join(work, 'text.db'));
  },
  'other properties.lzma': () =>
    tool(work, 'xz', ['-c', '--format=lzma', '--lzma1=preset=6,lc=0,lp=2,pb=0'], CONTENT),
  'small dictionary.lzma': () =>
    tool(work, 'xz', ['-c', '--format=lzma', '--lzma1=preset=6,dict=4KiB'], CONTENT),
  'od -t x1.txt': () => tool(work, 'od', ['-t', 'x1'], PACKED),
  'od -x.txt': () => tool(work, 'od', ['-A', 'x', '-x'], PACKED),
  // The zeros before it are one line and a star.
  'od of an image.txt': () =>
    tool(work, 'od', ['-A', 'x', '-t', 'x1z'], Buffer.concat([Buffer.alloc(5000), PACKED])),
  'base.db-wal': () => {
    writeFileSync(join(work, 'packed'), PACKED);
    tool(work, 'python3', ['-c', WRITE_AHEAD]);
    return readFileSync(join(work, 'log'));
  },
};

const PROPERTY_LIST = `
import plistlib, sys
keys = {'number %d' % i: i for i in range(300)}
sys.stdout.buffer.write(plistlib.dumps({**keys, 'archive': open('packed', 'rb').read()}, fmt=plistlib.FMT_BINARY))
`;

/** As small as can be packed: all of its letters are in one page. */
const SMALL = gzipSync(CONTENT.subarray(0, 900));
const TEXT_COLUMN = `
import sqlite3
base = sqlite3.connect('text.db')
base.execute('create table t (a text)')
base.execute('insert into t values (?)', (open('text').read(),))
base.commit()
`;

const WRITE_AHEAD = `
import sqlite3, shutil
base = sqlite3.connect('a.db')
base.execute('pragma page_size = 512')
base.execute('pragma journal_mode = wal')
base.execute('create table t (a, b)')
base.execute('insert into t values (1, ?)', (open('packed', 'rb').read(),))
base.commit()
shutil.copy('a.db-wal', 'log')
`;

function bitmap(): Buffer {
  const bytes = Buffer.alloc(1000, 1);
  bytes.write('BM');
  bytes.writeUInt32LE(1000, 2);
  bytes.writeUInt32LE(0, 6);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  return bytes;
}

function activeMime(): Buffer {
  const header = Buffer.alloc(0x32);
  header.write('ActiveMime');
  header.writeUInt16LE(4, 0x1e);
  return header;
}

function quoted(bytes: Buffer): Buffer {
  const escapes = new Map([
    [0, '\\0'],
    [10, '\\n'],
    [13, '\\r'],
    [26, '\\Z'],
    [34, '\\"'],
    [39, "\\'"],
    [92, '\\\\'],
  ]);
  return Buffer.concat(
    [...bytes].map((byte) => Buffer.from(escapes.get(byte) ?? String.fromCharCode(byte), 'latin1')),
  );
}

function quotedPrintable(bytes: Buffer): string {
  const hex = bytes.toString('hex').toUpperCase().replaceAll(/../g, '=$&');
  return hex.replaceAll(/(.{72})/g, '$1=\n');
}

function uuencoded(bytes: Buffer): Buffer {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 45) {
    const part = bytes.subarray(at, at + 45);
    const padded = Buffer.concat([part, Buffer.alloc((3 - (part.length % 3)) % 3)]);
    let line = String.fromCharCode(32 + part.length);
    for (let i = 0; i < padded.length; i += 3) {
      const value = padded.readUIntBE(i, 3);
      for (const shift of [18, 12, 6, 0]) line += String.fromCharCode(((value >> shift) & 63) + 32);
    }
    lines.push(line.replaceAll(' ', '`'));
  }
  return Buffer.from(`begin 644 a.gz\n${lines.join('\n')}\n\`\nend\n`);
}

test.each([...Object.keys(FILES), ...Object.keys(MADE)])('%s', (name) => {
  const result = results.find(({ path }) => path === join(folder, name));
  expect(result?.findings.map(({ kind }) => kind)).toContain('yara_match');
});

async function decisionsOf(name: string, files: Readonly<Record<string, Buffer>>): Promise<Result[]> {
  const place = join(work, name);
  mkdirSync(place);
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(place, file), bytes);
  return (await scanJson(['--clamd', 'off', place])).report.results;
}

function named(parts: readonly Buffer[], set: string): Record<string, Buffer> {
  return Object.fromEntries(parts.map((bytes, i) => [`${set}.part${i + 1}.rar`, bytes]));
}

function noise(seed: number): Buffer {
  return Buffer.from(Array.from({ length: 600 }, (_, i) => (Math.imul(i + seed, 0x9e3779b1) >>> 11) & 0xff));
}

test('a file that begins with a false frame of Zstandard is damaged, as any other would be', async () => {
  const [result] = await decisionsOf('false-frame', { 'a.zst': Buffer.concat([FALSE_FRAME, binary]) });
  expect(result?.gaps.filter(({ stage }) => stage === 'unpack').map(({ reason }) => reason)).toEqual([
    'corrupt',
  ]);
  expect(result?.decision).toBe('manual_review');
});

test('more damaged archives than are tried in one file are a gap that a person looks at', async () => {
  const decoys = Buffer.concat([binary, ...Array.from({ length: 5 }, () => DAMAGED), binary, PACKED]);
  const [result] = await decisionsOf('decoys', { decoys });
  expect(result?.decision).toBe('manual_review');
  const details = result?.gaps
    .filter(({ reason }) => reason === 'budget_exceeded')
    .map(({ detail }) => detail);
  expect(details).toEqual([
    expect.stringMatching(/^4 archives that were found in it are damaged, the last at/),
  ]);
});

describe('in volumes', () => {
  test('a file that goes on from one RAR volume to the next is found, in both numberings', async () => {
    const parts = rarVolumes('a.gz', PACKED, 700).map((bytes, i) => [`x.part${i + 1}.rar`, bytes] as const);
    const old = oldRarVolumes('a.gz', PACKED, 700).map(
      (bytes, i) => [i === 0 ? 'y.rar' : `y.r0${i - 1}`, bytes] as const,
    );
    const found = await decisionsOf('rar', Object.fromEntries([...parts, ...old]));
    expect(found.map(({ decision }) => decision)).toEqual(
      Array(parts.length + old.length).fill('quarantine'),
    );
    expect(found.flatMap(({ gaps }) => gaps.filter(({ stage }) => stage === 'unpack'))).toEqual([]);
  });

  test('what only calls itself a volume, or stands behind the end of one, is examined by itself', async () => {
    const plain = rarVolumes('a', Buffer.alloc(3000, 'x'), 1000);
    const [first, second, third] = plain as [Buffer, Buffer, Buffer];
    const other = await decisionsOf('other', named([first, zip, third], 'a'));
    expect(other.map(({ decision }) => decision)).toEqual(Array(3).fill('quarantine'));
    const behind = await decisionsOf('behind', named([first, Buffer.concat([second, zip]), third], 'b'));
    expect(behind.map(({ decision }) => decision)).toEqual(Array(3).fill('quarantine'));
  });

  test.each(['twoGbMaxExtentSparse', 'twoGbMaxExtentFlat', 'monolithicFlat'])(
    'a disk in several files (%s) is read as one',
    async (subformat) => {
      const place = join(work, subformat);
      mkdirSync(place);
      writeFileSync(join(work, 'raw'), Buffer.concat([Buffer.alloc(4096), PACKED, Buffer.alloc(64 * 1024)]));
      tool(place, 'qemu-img', [
        'convert',
        '-f',
        'raw',
        '-O',
        'vmdk',
        '-o',
        `subformat=${subformat}`,
        '../raw',
        'd.vmdk',
      ]);
      const { results: found } = (await scanJson(['--clamd', 'off', place])).report;
      expect(found.map(({ decision }) => decision)).toEqual(['quarantine', 'quarantine']);
      expect(found[0]?.findings[0]?.trail.slice(0, 3)).toEqual(['d.vmdk', '(joined: 2 parts)', '(disk)']);
    },
  );

  test('a split image of Windows is read as one', async () => {
    const place = join(work, 'swm');
    mkdirSync(join(place, 'content'), { recursive: true });
    mkdirSync(join(place, 'split'));
    for (const name of ['a', 'b', 'c']) {
      const content = Buffer.from(
        Array.from({ length: 700_000 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 0xff),
      );
      writeFileSync(join(place, 'content', name), Buffer.concat([Buffer.from(name), content]));
    }
    writeFileSync(join(place, 'content', 'z.gz'), PACKED);
    tool(place, 'wimcapture', ['content', 'x.wim', '--compress=none']);
    tool(place, 'wimsplit', ['x.wim', 'split/x.swm', '1']);
    const { results: found } = (await scanJson(['--clamd', 'off', join(place, 'split')])).report;
    expect(found.length).toBeGreaterThan(1);
    expect(new Set(found.map(({ decision }) => decision))).toEqual(new Set(['quarantine']));
    expect(found.flatMap(({ gaps }) => gaps.filter(({ stage }) => stage === 'unpack'))).toEqual([]);
  });
});

test('a mail with a byte order mark does not hold itself', () => {
  const mails = results.filter(({ path }) => path.endsWith('.eml'));
  expect(mails.flatMap(({ findings }) => findings.map(({ rule }) => rule))).not.toContain(
    'self-reproduction',
  );
});

test('keys, hashes and certificates in texts are no files', async () => {
  const place = join(work, 'keys');
  mkdirSync(place);
  writeFileSync(
    join(place, 'key.pem'),
    `-----BEGIN PRIVATE KEY-----\n${wrapped(noise(7).toString('base64'), 64, '')}\n`,
  );
  writeFileSync(
    join(place, 'sums'),
    Array.from({ length: 50 }, (_, i) => noise(i).toString('hex', 0, 32)).join('\n'),
  );
  const { results: found } = (await scanJson(['--clamd', 'off', place])).report;
  expect(found.map(({ coverage }) => coverage.artifacts)).toEqual([1, 1]);
  expect(found.map(({ decision }) => decision)).toEqual(['auto_approve', 'auto_approve']);
});
