// needs: mpack sharutils openssl clamav-testfiles
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { binhexBytes, mailBytes, makeKey, swfBytes, tnefBytes } from './kit/archives/mail-bytes.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

const MARKER = `the marker ${'of the mail '.repeat(20)}`;
const BASE64 = Buffer.from(MARKER).toString('base64').replace(/.{76}/g, '$&\n');
const SAMPLES = '/usr/share/clamav-testfiles';
const part = (headers: string, body: string): string => `${headers}\n\n${body}`;
const base64Part = part('Content-Type: application/x; name=a.exe\nContent-Transfer-Encoding: base64', BASE64);
const mixed = (...parts: readonly string[]): string =>
  `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\npreamble\n${parts.map((one) => `--b\n${one}\n`).join('')}--b--\n`;

const open = (text: string): Promise<Unpacked> => unpack('mail', mailBytes(text), scratch);
const texts = ({ members }: Unpacked): string[] => members.map(({ text }) => text);
const names = ({ members }: Unpacked): string[] => members.map(({ name }) => name);

describe('parts', () => {
  test('are decoded and called by their names', async () => {
    const quoted = part(
      'Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable',
      'a =3D b=\n c=20=\t\n!',
    );
    const opened = await open(mixed(quoted, base64Part, part('Content-Type: text/plain', 'plain')));
    expect(opened.gaps).toEqual([]);
    expect(texts(opened)).toEqual(['a = b c !', MARKER, 'plain']);
    expect(names(opened)).toEqual(['(part 2)', 'a.exe', '(part 4)']);
  });

  test.each([
    ['Content-Disposition: attachment; filename="a b.exe"', 'a b.exe'],
    ['Content-Type: x/y;\n\tname="=?utf-8?B?w6QuZXhl?="', 'ä.exe'],
    ['Content-Type: x/y; name="=?utf-8?Q?=C3=A4_?=\n =?utf-8?Q?b.exe?="', 'ä b.exe'],
    ["Content-Disposition: attachment; filename*=utf-8''%C3%A4.exe", 'ä.exe'],
    ["Content-Disposition: attachment; filename*0*=utf-8''%C3; filename*1*=%A4.e; filename*2=xe", 'ä.exe'],
    ['Content-Disposition: attachment; filename="a\\"b.exe', 'a"b.exe'],
    ['Content-Disposition : attachment;filename = a.exe ; x', 'a.exe'],
  ])('%j is called %s', async (header, name) => {
    expect(names(await open(mixed(part(header, 'some body'))))).toEqual([Buffer.from(name).toString()]);
  });

  test('of attached messages are reached, also in a digest', async () => {
    const inner = mixed(base64Part).replaceAll('b"', 'i"').replaceAll('--b', '--i');
    const opened = await open(mixed(part('Content-Type: message/rfc822', `Subject: x\n${inner}`)));
    expect(opened.gaps).toEqual([]);
    expect(texts(opened)).toContain(MARKER);
    const digest = `Content-Type: multipart/digest; boundary=d\n\n--d\n\n${inner}\n--d--\n`;
    expect(texts(await open(digest))).toContain(MARKER);
  });

  test('an attached message that is encoded is decoded', async () => {
    const message = 'Content-Type: message/rfc822\nContent-Transfer-Encoding: base64';
    const opened = await open(mixed(part(message, Buffer.from(mixed(base64Part)).toString('base64'))));
    expect(texts(opened)[0]).toMatch(/^MIME-Version: 1.0/);
  });

  test("Debian's samples: clam.exe is reached, and no gap is left", async () => {
    for (const [format, file, inner] of [
      ['mail', 'clam.mail', []],
      ['mbox', 'clam.exe.mbox.uu', ['mail']],
      ['mbox', 'clam.exe.mbox.base64', ['mail']],
      ['binhex', 'clam.exe.binhex', []],
      ['tnef', 'clam.tnef', []],
    ] as const) {
      const opened = await unpack(format, readFileSync(join(SAMPLES, file)), scratch, { inner });
      expect(opened.gaps).toEqual([]);
      const found = opened.members.filter(({ name, size }) => name === 'clam.exe' && size === 544);
      expect(found.map(({ text }) => text.slice(0, 2))).toEqual(['MZ']);
    }
  });
});

describe('what mail programs read differently is examined under each reading', () => {
  const header = 'Content-Type: multipart/mixed; boundary=b\n\n';
  const attachment = `--b\n${base64Part}\n`;
  test.each<[string, string]>([
    [
      'two encodings',
      mixed(part('Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64', BASE64)),
    ],
    [
      'an encoding in odd letters with junk',
      mixed(part('Content-Transfer-Encoding: (x) "bAsE64"; junk', BASE64)),
    ],
    ['an unknown encoding', mixed(part('Content-Transfer-Encoding: foo', BASE64))],
    ['no encoding', mixed(part('Content-Type: application/x', BASE64))],
    [
      'noise in base64',
      mixed(part('Content-Transfer-Encoding: base64', BASE64.replaceAll('\n', '\n%%-!\0\n'))),
    ],
    [
      'base64 in pieces',
      mixed(part('Content-Transfer-Encoding: base64', `${btoa('the ')}\n${btoa(MARKER.slice(4))}`)),
    ],
    [
      'two boundaries, the first counts',
      `Content-Type: multipart/mixed; boundary=b; boundary=c\n\n${attachment}--b--\n`,
    ],
    [
      'two boundaries, the last counts',
      `Content-Type: multipart/mixed; boundary=c; boundary=b\n\n${attachment}--b--\n`,
    ],
    ['two types', `Content-Type: text/plain\n${header}${attachment}--b--\n`],
    ['an attachment behind the end', `${header}--b\n\nx\n--b--\n${attachment}--b--\n`],
    ['an attachment before the first part', `${header}${BASE64}\n--b\n\nx\n--b--\n`],
    ['no boundary', `Content-Type: multipart/mixed\n\n${attachment}--b--\n`],
    ['another boundary than declared', `Content-Type: multipart/mixed; boundary=zzz\n\n${attachment}--b--\n`],
    ['junk behind a boundary', `${header}--b junk\n${base64Part}\n--b--\n`],
    ['no empty line before the parts', `Content-Type: multipart/mixed; boundary=b\n${attachment}--b--\n`],
    ['lines that end with CR', `${header}${attachment}--b--\n`.replaceAll('\n', '\r')],
    ['lines that end with CR LF', `${header}${attachment}--b--\n`.replaceAll('\n', '\r\n')],
    ['a header line that is no field', mixed(part('Content-Transfer-Encoding: base64\njunk\nX: y', BASE64))],
    [
      'a field behind a line that is none',
      mixed(part('X: y\njunk\nContent-Transfer-Encoding: base64', BASE64)),
    ],
    ['a folded field', mixed(part('Content-Transfer-Encoding:\n base64', BASE64))],
    ['NUL in a header', mixed(part('Content-Trans\0fer-Encoding: base64', BASE64))],
    ['a boundary with blanks behind it', `${header}--b \t\n${base64Part}\n--b-- \n`],
    ['the same boundary within itself', mixed(`${header}${attachment}--b--\n`)],
    [
      'an inner multipart that never ends',
      mixed(`Content-Type: multipart/x; boundary=i\n\n--i\n\nx`, base64Part),
    ],
  ])('%s', async (_, text) => {
    expect(texts(await open(text)).map((one) => one.trimEnd())).toContain(MARKER.trimEnd());
  });

  test('boundaries that contradict each other are a finding', async () => {
    const opened = await open(
      `Content-Type: multipart/mixed; boundary=b; boundary=c\n\n${attachment}--b--\n`,
    );
    expect(opened.unsafe).toEqual(['conflicting-boundaries']);
  });

  test('a missing last boundary is a gap, and the part before it is examined', async () => {
    const opened = await open(`${header}${attachment}`);
    expect(opened.gaps).toMatchObject([
      { reason: 'corrupt', detail: 'the last boundary is missing: cut off' },
    ]);
    expect(texts(opened)).toEqual([MARKER]);
  });

  test('a header without a body, as bounces carry it, is no gap', async () => {
    for (const end of ['', '\n', '\n\n']) {
      const opened = await open(`Subject: x\nContent-Type: multipart/mixed; boundary=b${end}`);
      expect(opened).toMatchObject({ gaps: [], members: [] });
    }
  });

  test('an honest message is examined once', async () => {
    const opened = await open(
      mixed(part('Content-Type: text/plain', 'text with -- dashes\n-- \nsignature'), base64Part),
    );
    expect(opened.members).toHaveLength(2);
  });
});

describe('files within text', () => {
  test.runIf(hasTool('uuencode'))('uuencoded ones are decoded, also several and in base64', async () => {
    const folder = join(scratch.path, 'uu');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'm'), MARKER);
    const uu = tool(folder, 'uuencode', ['m', 'one.exe']).toString();
    const b64 = tool(folder, 'uuencode', ['-m', 'm', 'two.exe']).toString();
    const opened = await open(`Subject: x\n\nbegin 644 of a sentence\nsee below\n${uu}\nand\n${b64}\nbye\n`);
    expect(opened.gaps).toEqual([]);
    expect(opened.members.slice(1)).toMatchObject([
      { name: 'one.exe', text: MARKER },
      { name: 'two.exe', text: MARKER },
    ]);
    const cut = await unpack('uuencode', Buffer.from(uu.slice(0, -30)), scratch);
    expect(cut.gaps).toMatchObject([{ reason: 'corrupt', member: 'one.exe' }]);
  });

  test('yEnc and BinHex are decoded', async () => {
    const line = Buffer.from(MARKER).map((byte) => (byte + 42) & 0xff);
    const yenc = `=ybegin line=128 size=9 name=a b.exe\n${Buffer.from(line).toString('latin1')}=}\n=yend size=9\n`;
    const opened = await open(
      `Subject: x\n\nhello\n${yenc}\n${binhexBytes('c.exe', Buffer.from(MARKER)).toString()}`,
    );
    expect(opened.gaps).toEqual([]);
    expect(opened.members.slice(1)).toMatchObject([
      { name: 'a b.exe', text: `${MARKER}\x13` },
      { name: 'c.exe', text: MARKER },
    ]);
  });
});

describe('mailboxes', () => {
  const from = 'From a@b Mon Jan  1 00:00:00 2024\n';
  test('each message is a member, without its From line', async () => {
    const body = 'text\nFrom here on\n\nFrom now on\n';
    const opened = await unpack(
      'mbox',
      mailBytes(`${from}Subject: 1\n\n${body}\n${from}Subject: 2\n\n`),
      scratch,
    );
    expect(texts(opened)).toEqual([`Subject: 1\n\n${body}\n`, 'Subject: 2\n\n']);
  });

  test('a mailbox of 90 MB is read in constant memory', async () => {
    const message = `${from}Subject: x\n\n${'a line of text\n'.repeat(64_000)}\n`;
    const bytes = Buffer.concat(Array.from({ length: 100 }, () => Buffer.from(message)));
    const opened = await unpack('mbox', bytes, scratch, { streamed: true });
    expect(opened.members).toHaveLength(100);
    expect(new Set(opened.members.map(({ sha256 }) => sha256)).size).toBe(1);
  });

  test('however the bytes are cut into chunks, the messages are the same', async () => {
    const text = `${from}Subject: 1\n\nFrom\nFro\n\n${from}Subject: 2\n\nFrom x\n${from}Subject: 3\n\n`;
    const whole = texts(await unpack('mbox', mailBytes(text), scratch));
    expect(whole.map((one) => one.slice(0, 10))).toEqual(['Subject: 1', 'Subject: 2', 'Subject: 3']);
  });
});

describe('S/MIME, TNEF and Flash', () => {
  test.runIf(hasTool('openssl'))(
    'what is signed or compressed is handed on, what is encrypted is a gap',
    async () => {
      const folder = join(scratch.path, 'cms');
      mkdirSync(folder, { recursive: true });
      makeKey(folder);
      writeFileSync(join(folder, 'm'), MARKER);
      const key = ['-signer', 'c.pem', '-inkey', 'k.pem', '-nodetach', '-binary'];
      const made = (...args: string[]): Buffer =>
        tool(folder, 'openssl', ['cms', '-in', 'm', ...args, '-outform', 'DER']);
      for (const bytes of [made('-sign', ...key), made('-sign', '-stream', ...key)]) {
        const opened = await unpack('cms', bytes, scratch, { name: 'a.eml.p7m' });
        expect(opened).toMatchObject({ gaps: [], members: [{ name: 'a.eml', text: MARKER }] });
      }
      const closed = await unpack('cms', made('-encrypt', '-binary', '-aes128', '-recip', 'c.pem'), scratch);
      expect(closed).toMatchObject({ members: [], gaps: [{ reason: 'encrypted' }] });
    },
  );

  test('TNEF: an attachment cut off is examined as far as it goes, and said to be cut', async () => {
    const whole = tnefBytes('a.exe', Buffer.from(MARKER));
    const opened = await unpack('tnef', whole.subarray(0, whole.length - 80), scratch);
    expect(opened.gaps).toMatchObject([{ reason: 'corrupt' }]);
    expect(texts(opened)[0]).toMatch(/^the marker/);
  });

  test('Flash: binary data within a compressed film are reached', async () => {
    const opened = await unpack('swf', swfBytes(Buffer.from(MARKER)), scratch, {
      inner: ['swf'],
      name: 'a.swf',
    });
    expect(opened).toMatchObject({ gaps: [], members: [{ text: MARKER }] });
  });
});

function multipart(boundary: string): string {
  return `Content-Type: multipart/mixed; boundary=${boundary}\n\n--${boundary}\n`;
}

function nested(depth: number): string {
  return Array.from({ length: depth }, (_, i) => multipart(`b${i}x`)).join('');
}

describe('data in text', () => {
  test.each<[string, string]>([
    ['a page', `<a href="data:application/x;base64,${BASE64.replaceAll('\n', '')}">`],
    ['a style sheet', `a { b: url( data:;base64,${BASE64.replaceAll('\n', '')}) }`],
    ['JSON', `{"a": "DATA:x/y;charset=utf-8;BASE64,${BASE64.replaceAll('\n', '').replaceAll('/', '\\/')}"}`],
    ['several lines', `<a href='data:x/y;base64,${BASE64.replaceAll('\n', '\n    ')}'>`],
  ])('%s', async (_, text) => {
    const opened = await unpack('text-data', Buffer.from(`${text} 64, and base64, and data:`), scratch);
    expect(opened).toMatchObject({ gaps: [], members: [{ text: MARKER }] });
  });

  test('ten thousand beginnings without data cost nothing', async () => {
    const opened = await unpack('text-data', Buffer.from('data:x/y;base64,'.repeat(100_000)), scratch);
    expect(opened).toMatchObject({ gaps: [], members: [] });
  });
});

describe('hostile mail', () => {
  test.each<[string, string]>([
    ['a header without end', 'X: y\n'.repeat(500_000)],
    ['a field without end', `Content-Type: multipart/mixed;${' boundary=x;\n '.repeat(500_000)}`],
    ['a line without end', `Subject: x\nContent-Type: ${'a'.repeat(30_000_000)}`],
    ['100,000 multiparts in each other', nested(100_000)],
    [
      'a boundary of a million characters',
      `Content-Type: multipart/x; boundary=${'b'.repeat(1e6)}\n\n--${'b'.repeat(1e6)}\n\nx`,
    ],
    ['50,000 tiny parts', `Content-Type: multipart/x; boundary=b\n\n${'--b\n\nx\n'.repeat(50_000)}`],
    ['lines of dashes', `Content-Type: multipart/x; boundary=b\n\n${'--\n'.repeat(1_000_000)}`],
    ['one line of dashes', `Content-Type: multipart/x; boundary=b\n\n${'-'.repeat(5_000_000)}`],
    [
      'lines that are nearly delimiters',
      `Content-Type: multipart/x; boundary=b\n\n${'--bc\n'.repeat(100_000)}`,
    ],
    [
      'undeclared parts',
      `Content-Type: multipart/x\n\n${Array.from({ length: 50_000 }, (_, i) => `--c${i}\nContent-X: y\n`).join('')}`,
    ],
    ['begins of uuencoded data', `Subject: x\n\n${'begin 644 a\n#aaaa\n'.repeat(20_000)}`],
    ['equal signs', `Content-Transfer-Encoding: quoted-printable\n\n${'=  '.repeat(1_000_000)}`],
    ['padding', `Content-Transfer-Encoding: base64\n\n${'='.repeat(5_000_000)}A=A=`],
    ['semicolons and quotes', `Content-Type: x/y;${'; "\\'.repeat(20_000)}\n\nx`],
    ['messages in each other', 'Content-Type: message/rfc822\n\n'.repeat(200_000)],
  ])(
    '%s: it ends within its time',
    async (_, text) => {
      const started = performance.now();
      const { members, gaps } = await open(text);
      expect(performance.now() - started).toBeLessThan(15_000);
      expect(members.length + gaps.length).toBeGreaterThanOrEqual(0);
    },
    30_000,
  );

  test.each<[string, Buffer]>([
    ['mail', mailBytes(mixed(base64Part, part('Content-Transfer-Encoding: quoted-printable', 'a=3Db')))],
    ['mbox', mailBytes(`From a@b 00:00\n${mixed(base64Part)}\nFrom a@b 00:00\nX: y\n`)],
    ['tnef', tnefBytes('a', Buffer.from(MARKER))],
    ['binhex', binhexBytes('a', Buffer.from(MARKER))],
    ['uuencode', Buffer.from('begin 644 a\n#86)C\n`\nend\n')],
    ['swf', swfBytes(Buffer.from(MARKER))],
    [
      'cms',
      Buffer.from(
        '308006092a864886f70d010702a08030800201013100308006092a864886f70d010701a080248004036162630000000000000000000000',
        'hex',
      ),
    ],
  ])('%s with any bytes changed or cut off ends', async (format, sample) => {
    const flip = fc.tuple(fc.nat(sample.length - 1), fc.integer({ min: 0, max: 255 }));
    const flips = fc.array(flip, { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(flips, fc.nat(sample.length), async (changes, length) => {
        const bytes = Buffer.from(sample.subarray(0, length));
        for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
        const { members, gaps } = await unpack(format, bytes, scratch);
        expect(members.length + gaps.length).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 200, seed: 5 },
    );
  });
});
