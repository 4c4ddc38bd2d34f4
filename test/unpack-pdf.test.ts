// needs: qpdf clamav-testfiles
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { pdfBytes, type PdfPiece } from './kit/archives/pdf-bytes.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

const MARKER = Buffer.from('the marker '.repeat(40));
const open = (pieces: readonly PdfPiece[], trailer = ''): Promise<Unpacked> =>
  unpack('pdf', pdfBytes(pieces, trailer), scratch);
const texts = ({ members }: Unpacked): string[] => members.map(({ text }) => text);
const names = ({ members }: Unpacked): string[] => members.map(({ name }) => name);

describe('filters', () => {
  const hex = Buffer.from(`${MARKER.toString('hex').replace(/.{60}/g, '$& \n')}>`);
  test.each([
    ['none', '<< >>', MARKER],
    ['flate', '<< /Filter /FlateDecode >>', deflateSync(MARKER)],
    ['an escaped name', '<< /Filter /#46late#44ecode >>', deflateSync(MARKER)],
    ['an abbreviated name', '<< /Filter /Fl >>', deflateSync(MARKER)],
    ['hexadecimal', '<< /Filter /ASCIIHexDecode >>', hex],
    ['a chain', '<< /Filter [/AHx /FlateDecode] >>', Buffer.from(`${deflateSync(MARKER).toString('hex')}>`)],
    ['base 85', '<< /Filter /ASCII85Decode >>', Buffer.from(`${ascii85(MARKER)}~>`)],
    ['run lengths', '<< /Filter /RunLengthDecode >>', runLengths(MARKER)],
    ['LZW', '<< /Filter /LZWDecode >>', lzwLiterals(MARKER)],
    ['a length that lies', '<< /Filter /FlateDecode /Length 7 >>', deflateSync(MARKER)],
    ['a length that is nowhere', '<< /Filter /FlateDecode /Length 99 0 R >>', deflateSync(MARKER)],
    ['a large one', '<< /Filter /FlateDecode >>', deflateSync(MARKER, { level: 0 })],
  ])('%s', async (_, text, stream) => {
    const opened = await open([{ text, stream }]);
    expect(opened.gaps).toEqual([]);
    expect(texts(opened)).toEqual([MARKER.toString()]);
  });

  test('what an indirect object says of filter and length counts', async () => {
    const opened = await open([
      { number: 10, text: '<< /Filter 11 0 R /Length 12 0 R >>', stream: deflateSync(MARKER) },
      { number: 11, text: '[/FlateDecode]' },
      { number: 12, text: String(deflateSync(MARKER).length) },
    ]);
    expect(opened.gaps).toEqual([]);
    expect(texts(opened)).toEqual([MARKER.toString()]);
  });

  test("PNG's predictor is undone", async () => {
    const rows = Buffer.concat([Buffer.from([2]), Buffer.from('abcd'), Buffer.from([2, 0, 1, 0, 1])]);
    const text = '<< /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 4 >> >>';
    expect(texts(await open([{ text, stream: deflateSync(rows) }]))).toEqual(['abcdacce']);
  });

  test('a picture is handed on as it is', async () => {
    expect(texts(await open([{ text: '<< /Filter [/DCTDecode] >>', stream: MARKER }]))).toEqual([
      MARKER.toString(),
    ]);
  });

  test('a filter that nobody knows is a gap, and its bytes are handed on', async () => {
    const opened = await open([{ text: '<< /Filter /Foo >>', stream: MARKER }]);
    expect(opened.gaps).toMatchObject([{ reason: 'unsupported_format', detail: 'the filter Foo' }]);
    expect(texts(opened)).toEqual([MARKER.toString()]);
  });

  test('two filters under one key are read both ways', async () => {
    const text = '<< /Filter /ASCIIHexDecode /Filter /FlateDecode >>';
    const opened = await open([{ text, stream: deflateSync(MARKER) }]);
    expect(texts(opened)).toContain(MARKER.toString());
    expect(opened.members).toHaveLength(2);
  });

  test('of a damaged stream what came is examined, then it is said to be damaged; the next one is opened', async () => {
    const noise = Buffer.from(Array.from({ length: 90_000 }, (_, i) => Math.floor(Math.sin(i) * 1e6) & 0xff));
    const damaged = deflateSync(noise).subarray(0, 40_000);
    const opened = await open([
      { text: '<< /Filter /FlateDecode >>', stream: damaged },
      { text: '<< /Filter /FlateDecode >>', stream: deflateSync(MARKER) },
    ]);
    expect(opened.gaps).toMatchObject([{ reason: 'corrupt', member: '(object 10 0)' }]);
    expect(opened.members[0]?.size).toBeGreaterThan(1000);
    expect(texts(opened)[1]).toBe(MARKER.toString());
  });

  test('what follows the end of the compressed data is handed on', async () => {
    const stream = Buffer.concat([deflateSync(Buffer.from('harmless')), MARKER]);
    expect(texts(await open([{ text: '<< /Filter /FlateDecode >>', stream }]))).toEqual([
      'harmless',
      MARKER.toString(),
    ]);
  });
});

describe('where things hide', () => {
  test('scripts are handed on with their escapes resolved, also from object streams', async () => {
    const objects = Buffer.from(
      '20 0 21 30 << /S /JavaScript /#4aS (\\145val\\(1\\)) >> << /JS <6576616c2832 29> >>',
    );
    const opened = await open([
      { text: '<< /S /JavaScript /JS (app.\\\nalert\\(1\\)) >>' },
      { text: '<< /A [ << /JS (\\376\\377\\000x\\000y) >> ] >>' },
      { text: '<< /Type /ObjStm /N 2 /First 10 /Filter /FlateDecode >>', stream: deflateSync(objects) },
    ]);
    expect(texts(opened)).toEqual(['app.alert(1)', 'xy', objects.toString(), 'eval(1)', 'eval(2)']);
  });

  test('an embedded file has the name that its specification gives', async () => {
    const opened = await open([
      { number: 10, text: '<< /Type /EmbeddedFile >>', stream: MARKER },
      {
        number: 11,
        text: '<< /Type /Filespec /F (a.exe) /UF (\\376\\377\\000b\\000.\\000c) /EF << /F 10 0 R >> >>',
      },
    ]);
    expect(names(opened)).toEqual(['b.c']);
  });

  test('replaced, unreferenced and hidden objects are all handed on', async () => {
    const inner = `7 0 obj << /Filter /ASCIIHexDecode >> stream\n${MARKER.toString('hex')}>\nendstream endobj`;
    const opened = await open([
      { number: 10, text: '<< >>', stream: Buffer.from('the first one') },
      { number: 10, text: '<< >>', stream: Buffer.from('the second one') },
      { number: 12, text: `(a string with ${inner} in it)` },
      { number: 13, text: '<< >>', stream: Buffer.from(`nothing ${inner.replace('7 0', '8 0')} to see`) },
    ]);
    expect(texts(opened)).toContain('the first one');
    expect(texts(opened)).toContain('the second one');
    expect(texts(opened).filter((text) => text === MARKER.toString())).toHaveLength(2);
  });

  test('without a length, a check sum that ends with a carriage return is still whole', async () => {
    // Adler-32 ends with the low byte of 1 + the sum of all bytes.
    const packed = deflateSync(Buffer.from([0x41, 203]));
    expect(packed.at(-1)).toBe(13);
    const opened = await open([{ text: '<< /Filter /FlateDecode /Length 99 0 R >>', stream: packed }]);
    expect(opened.gaps).toEqual([]);
    expect(opened.members.map(({ size }) => size)).toEqual([2]);
  });

  test('what stands before the document, between its objects and behind its end is handed on', async () => {
    const whole = pdfBytes([{ text: '<< >>', stream: MARKER }]);
    const at = whole.indexOf('2 0 obj');
    const zip = gzipSync('a');
    const bytes = Buffer.concat([
      zip,
      whole.subarray(0, at),
      Buffer.from('hidden\n'),
      whole.subarray(at),
      Buffer.from('behind'),
    ]);
    const opened = await unpack('pdf', bytes, scratch);
    expect(opened.gaps).toEqual([]);
    expect(opened.members.find(({ name }) => name === '(data before the document)')?.size).toBeGreaterThan(
      zip.length,
    );
    expect(texts(opened)).toContain('behind');
    expect(names(opened)).toContain('(data after the end)');
    expect(texts(opened)).toContain('hidden\n');
  });

  test("Debian's sample: the embedded file is reached, and no gap is left", async () => {
    const opened = await unpack('pdf', readFileSync('/usr/share/clamav-testfiles/clam.pdf'), scratch);
    expect(opened.gaps).toEqual([]);
    expect(opened.members.find(({ name }) => name === 'clam.exe')?.size).toBe(544);
  });
});

describe.runIf(hasTool('qpdf'))('encryption, as qpdf makes it', () => {
  const KINDS = [
    ['RC4 of 40 bits', ['40', '--'], []],
    ['RC4 of 128 bits', ['128', '--use-aes=n', '--'], []],
    ['AES of 128 bits', ['128', '--use-aes=y', '--'], []],
    ['AES with plain metadata', ['128', '--use-aes=y', '--cleartext-metadata', '--'], []],
    ['AES of 256 bits, revision 5', ['256', '--force-R5', '--'], []],
    ['AES of 256 bits, revision 6', ['256', '--'], []],
    ['AES of 256 bits, objects in streams', ['256', '--'], ['--object-streams=generate']],
  ] as const;
  const script = 'app.alert(1)';

  function locked(user: string, options: readonly string[], more: readonly string[]): Buffer {
    const folder = join(scratch.path, 'qpdf');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'marker.txt'), MARKER);
    writeFileSync(
      join(folder, 'a.pdf'),
      pdfBytes([{ text: `<< /S /JavaScript /JS (${script}) >>` }], '/Info 10 0 R'),
    );
    const encrypt = ['--encrypt', user, 'owner', ...options];
    const args = [
      '--allow-weak-crypto',
      'a.pdf',
      ...more,
      '--add-attachment',
      'marker.txt',
      '--',
      ...encrypt,
      'b.pdf',
    ];
    tool(folder, 'qpdf', args);
    return readFileSync(join(folder, 'b.pdf'));
  }

  test.each(KINDS)(
    '%s opens with either password and with the empty one, else it is a gap',
    async (_, options, more) => {
      const bytes = locked('user', options, more);
      const closed = await unpack('pdf', bytes, scratch, { passwords: ['wrong'] });
      expect(closed.gaps.map(({ reason }) => reason)).toEqual(['encrypted']);
      expect(texts(closed)).not.toContain(MARKER.toString());
      const tries = [
        await unpack('pdf', bytes, scratch, { passwords: ['wrong', 'user'] }),
        await unpack('pdf', bytes, scratch, { passwords: ['owner'] }),
        await unpack('pdf', locked('', options, more), scratch),
      ];
      expect(tries.map(({ measured }) => measured)).toMatchObject([
        { members_opened_with_password_1: 1 },
        { members_opened_with_password_0: 1 },
        { opened_with_well_known_password: 1 },
      ]);
      for (const opened of tries) {
        expect(opened.gaps).toEqual([]);
        expect(opened.members).toContainEqual(
          expect.objectContaining({ name: 'marker.txt', text: MARKER.toString() }),
        );
        expect(texts(opened)).toContain(script);
      }
    },
  );
});

test('encryption by certificates is a gap', async () => {
  const lock = '<< /Filter /Adobe.PubSec /V 4 /CF << /A << /CFM /AESV2 >> >> /StmF /A /Recipients [(x)] >>';
  const opened = await open(
    [
      { number: 10, text: lock },
      { text: '<< >>', stream: MARKER },
    ],
    '/Encrypt 10 0 R',
  );
  expect(opened.gaps).toMatchObject([{ reason: 'encrypted' }]);
});

test('an encryption dictionary that is nowhere is a gap, and the document is read all the same', async () => {
  const opened = await open([{ text: '<< >>', stream: MARKER }], '/Encrypt 99 0 R');
  expect(opened.gaps).toMatchObject([{ reason: 'encrypted' }]);
  expect(texts(opened)).toContain(MARKER.toString());
});

function repeated(text: string, times: number): Buffer {
  return Buffer.from(`%PDF-1.7\n${text.repeat(times)}\n%%EOF\n`);
}

describe('hostile documents', () => {
  test.each([
    ['300,000 empty objects', repeated('1 0 obj endobj\n', 300_000)],
    ['streams that never end', repeated('1 0 obj<<>>stream\n', 20_000)],
    [
      'streams in each other',
      Buffer.concat([repeated('1 0 obj<<>>stream\n', 20_000), Buffer.from('endstream')]),
    ],
    ['arrays without end', repeated('[', 3_000_000)],
    ['objects of arrays without end', repeated('1 0 obj [[[[[[[[', 100_000)],
    ['strings without end', repeated('1 0 obj (((((', 20_000)],
    ['names without end', repeated('1 0 obj /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 20_000)],
    ['trailers', repeated('trailer << /Encrypt << /Filter /Standard /V 5 /R 6 >> /ID [(a)] >>\n', 30_000)],
    [
      'a filter chain of thousands',
      pdfBytes([{ text: `<< /Filter [${'/Fl '.repeat(5000)}] >>`, stream: MARKER }]),
    ],
    [
      'rows of a petabyte',
      pdfBytes([
        {
          text: '<< /Filter /Fl /DecodeParms << /Predictor 12 /Columns 1e15 >> >>',
          stream: deflateSync(MARKER),
        },
      ]),
    ],
    [
      'huge numbers',
      pdfBytes([{ text: '<< /Length 99999999999999999999 /Filter 1e999 0 R >>', stream: MARKER }]),
    ],
  ])(
    '%s: it ends, and says so',
    async (_, bytes) => {
      const started = performance.now();
      const limits = { max_unpacked_bytes: 256 * 1024 * 1024 };
      const { members, gaps } = await unpack('pdf', bytes, scratch, { limits });
      expect(performance.now() - started).toBeLessThan(15_000);
      expect(members.length + gaps.length).toBeGreaterThanOrEqual(0);
    },
    30_000,
  );

  test('a flate bomb costs its budget', async () => {
    const bomb = deflateSync(deflateSync(Buffer.alloc(100_000_000)));
    const limits = { max_unpacked_bytes: 1_000_000 };
    const bytes = pdfBytes([{ text: '<< /Filter [/Fl /Fl] >>', stream: bomb }]);
    const { gaps } = await unpack('pdf', bytes, scratch, { limits });
    expect(gaps).toMatchObject([{ reason: 'budget_exceeded' }]);
  });

  test('cut off anywhere, it is never silent', async () => {
    const whole = pdfBytes([{ text: '<< /Filter /FlateDecode >>', stream: deflateSync(MARKER) }]);
    for (let length = 0; length < whole.length - 6; length += 7) {
      const { gaps } = await unpack('pdf', whole.subarray(0, length), scratch);
      expect(gaps).not.toEqual([]);
    }
  });

  test('with any bits turned, it ends', async () => {
    const sample = readFileSync('/usr/share/clamav-testfiles/clam.pdf');
    const flip = fc.tuple(fc.nat(sample.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 20 }), async (flips) => {
        const bytes = Buffer.from(sample);
        for (const [at, mask] of flips) bytes[at] = (bytes[at] ?? 0) ^ mask;
        const { members, gaps } = await unpack('pdf', bytes, scratch);
        expect(members.length + gaps.length).toBeGreaterThan(0);
      }),
      { numRuns: 100, seed: 3 },
    );
  });
});

function ascii85(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    const group = Buffer.concat([bytes.subarray(at, at + 4), Buffer.alloc(4)]).readUInt32BE(0);
    const digits = Array.from({ length: 5 }, (_, i) =>
      String.fromCharCode(33 + (Math.floor(group / 85 ** (4 - i)) % 85)),
    );
    text += digits.slice(0, Math.min(4, bytes.length - at) + 1).join('');
  }
  return text;
}

function runLengths(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 100) {
    const part = bytes.subarray(at, at + 100);
    parts.push(Buffer.from([part.length - 1]), part);
  }
  return Buffer.concat([...parts, Buffer.from([128])]);
}

/** Every byte as a code of its own, of nine bits, with a clear code before the width would grow. */
function lzwLiterals(bytes: Buffer): Buffer {
  const codes = [...bytes].flatMap((byte, index) => (index % 200 === 0 ? [256, byte] : [byte]));
  const bits = [...codes, 257].map((code) => code.toString(2).padStart(9, '0')).join('');
  return Buffer.from(bits.match(/.{1,8}/g)?.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)) ?? []);
}
