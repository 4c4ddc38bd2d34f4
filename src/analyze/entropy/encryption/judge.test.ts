import { createCipheriv, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ContentType } from '../../../domain/index.ts';
import type { Judgement, Opening } from '../../analyzer.ts';
import { entropyAnalyzer } from '../index.ts';

const noise = (length: number): Buffer =>
  createCipheriv('aes-256-ctr', Buffer.alloc(32, 9), Buffer.alloc(16)).update(Buffer.alloc(length));
const text = (length: number): Buffer => Buffer.alloc(length, 'The quarterly report lists 14 customers.\n');

const CLOSED: Opening = { whole: false, damaged: false, locked: false, provenFrom: null };
const UNKNOWN: ContentType = {
  mime: 'application/octet-stream',
  description: 'Unknown binary data',
  by: 'unknown',
  container: null,
  density: 'unknown',
  claimed: null,
  renamed_from: null,
  contradiction: null,
  second: null,
};
const TEXT: ContentType = { ...UNKNOWN, mime: 'text/plain', by: 'text', density: 'plain' };
const ZIP: ContentType = {
  ...UNKNOWN,
  mime: 'application/zip',
  by: 'structure',
  container: 'zip',
  density: 'compressed',
};

const code = (blocks: number): Buffer => text(blocks * 4096);
const from = (provenFrom: number): Options => ({ opening: { ...CLOSED, provenFrom } });

function plainType(mime: string, by: 'signature' | 'text'): Options {
  return { type: { ...UNKNOWN, mime, by, density: 'plain' } };
}

interface Options {
  readonly type?: ContentType;
  readonly opening?: Opening;
  readonly name?: string;
  /** The container that it lies in. */
  readonly within?: string;
  readonly isPiece?: boolean;
}

async function judged(bytes: Buffer, options: Options = {}): Promise<Judgement> {
  const { type = UNKNOWN, opening = CLOSED, name = 'data', within, isPiece = false } = options;
  const names = [
    { kind: 'extension', pattern: '.lockbit', family: 'LockBit', source: 'https://example.org', weak: false },
  ] as const;
  const examination = entropyAnalyzer({ ransomware_names: names }).examine({
    artifact: { id: 0, parent: null, trail: within === undefined ? [name] : [within, name] },
    type,
    head: bytes.subarray(0, 128 * 1024),
    size: bytes.length,
    source: null,
    isPiece,
    signal: new AbortController().signal,
  });
  await examination?.write(bytes);
  await examination?.end();
  return (
    examination?.judge?.(opening, createHash('sha256').update(bytes).digest('hex')) ?? {
      claims: [],
      misses: [],
    }
  );
}

async function rule(bytes: Buffer, options: Options = {}): Promise<string | null> {
  return (await judged(bytes, options)).claims[0]?.rule ?? null;
}

const sumOf = (at: number): string => createHash('sha256').update(`${at}`).digest('base64');
const lines = (digits: string, length: number): string =>
  digits.replaceAll(new RegExp(`.{1,${length}}`, 'g'), '$&\n');

describe('encryption_suspected', () => {
  test('noise of no known type is suspected, and says so in words and numbers', async () => {
    const { claims } = await judged(noise(100_000));
    expect(claims).toHaveLength(1);
    expect(claims[0]).toMatchObject({
      kind: 'encryption_suspected',
      rule: 'noise-throughout',
      evidence: { noise_blocks: 25, structured_blocks: 0, chi_square_expected: 255 },
    });
    expect(claims[0]?.detail).toContain('25 of 25 blocks of 4 KiB are uniform');
  });

  test('every value in its turn, in a test of characters, is no noise', async () => {
    const values = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    const bytes = Buffer.concat([
      Buffer.from('This file has every character of the set, one after another.\r\r'),
      values,
    ]);
    const type = { ...UNKNOWN, claimed: 'text/plain', contradiction: 'the content has no known structure' };
    expect(await rule(bytes, { type })).toBeNull();
    expect(await rule(noise(bytes.length), { type })).toBe('noise-throughout');
  });

  test('a small picture behind a long licence is damaged, not trimmed noise', async () => {
    const type = { ...UNKNOWN, claimed: 'image/png', contradiction: 'the content has no known structure' };
    expect(await rule(Buffer.concat([text(1900), noise(540)]), { type })).toBeNull();
    expect(await rule(Buffer.concat([text(512), noise(1024)]), { type })).toBe('noise-between-trimmings');
  });

  test('a remark in Lisp is no font under a key', async () => {
    const lisp = Buffer.from(' ;; group for possible parameters\n (setq customers 14)\n'.repeat(30));
    expect(await rule(lisp, { type: TEXT })).toBeNull();
  });

  test('text, zeros and small keys are not', async () => {
    expect(await rule(text(100_000), { type: TEXT })).toBeNull();
    expect(await rule(Buffer.alloc(100_000))).toBeNull();
    expect(await rule(noise(512))).toBeNull();
  });

  test('a small file whose name promised a document is', async () => {
    const type = {
      ...UNKNOWN,
      claimed: 'application/pdf',
      contradiction: 'the name promises application/pdf',
    };
    expect(await rule(noise(512), { type })).toBe('noise-throughout');
  });

  test('what its decoder read to the end is not, however uniform it is', async () => {
    expect(await rule(noise(100_000), { type: ZIP, opening: { ...CLOSED, whole: true } })).toBeNull();
  });

  test('what needs a password is a gap, and no accusation', async () => {
    expect(await rule(noise(100_000), { type: ZIP, opening: { ...CLOSED, locked: true } })).toBeNull();
  });

  test('a container that no decoder reads to its end, and that is noise, is', async () => {
    expect(await rule(noise(100_000), { type: ZIP, opening: { ...CLOSED, damaged: true } })).toBe(
      'damaged-and-noise',
    );
    expect(await rule(text(100_000), { type: ZIP, opening: { ...CLOSED, damaged: true } })).toBeNull();
  });

  test('an encrypted format is named, not accused; under the name of a document it is accused', async () => {
    const type: ContentType = {
      ...UNKNOWN,
      mime: 'application/x-openssl-salted',
      by: 'signature',
      density: 'compressed',
    };
    const salted = Buffer.concat([Buffer.from('Salted__'), noise(50_000)]);
    expect(await rule(salted, { type, name: 'backup.tar.enc' })).toBeNull();
    const claims = {
      ...type,
      claimed: 'application/msword',
      contradiction: 'the name promises application/msword',
    };
    expect(await rule(salted, { type: claims, name: 'report.doc' })).toBe('encrypted-under-another-name');
  });

  test.each([4096, 65_536])('every other %i bytes of a text are found', async (step) => {
    const content = text(step * 8);
    for (let at = step; at < content.length; at += 2 * step) noise(step).copy(content, at);
    expect(await rule(content)).toBe('noise-in-blocks');
    expect(await rule(Buffer.concat([text(step), noise(step * 2)]))).toBe('noise-to-the-end');
    expect(await rule(content, { type: TEXT })).toBe('noise-in-text');
  });

  test('the first 4 KiB alone are found', async () => {
    expect(await rule(Buffer.concat([noise(4096), text(50_000)]))).toBe('noise-at-the-beginning');
  });

  test('16 of every 32 bytes are found', async () => {
    const content = text(50_000);
    for (let at = 0; at < content.length; at += 32) noise(16).copy(content, at);
    const random = noise(50_000);
    for (let at = 0; at < content.length; at += 32) random.copy(content, at, at, at + 16);
    expect(await rule(content)).toBe('noise-in-strides');
  });

  test('ciphertext as base64 or hexadecimal digits is found; a list of check sums is not', async () => {
    expect(await rule(Buffer.from(noise(20_000).toString('base64')), { type: TEXT })).toBe('encoded-noise');
    expect(await rule(Buffer.from(noise(20_000).toString('hex')), { type: TEXT })).toBe('encoded-noise');
    const sums = noise(32_000).toString('hex').replaceAll(/.{64}/g, '$&\n');
    expect(await rule(Buffer.from(sums), { type: TEXT })).toBeNull();
    const inBase64 = Array.from({ length: 500 }, (_, at) => `${sumOf(at)}\n`).join('');
    expect(await rule(Buffer.from(inBase64), { type: TEXT })).toBeNull();
  });
  test.each([
    ['base64 as OpenSSL writes it, 64 a line', lines(noise(30_000).toString('base64'), 64), 'latin1'],
    ['base64, 40 a line', lines(noise(30_000).toString('base64'), 40), 'latin1'],
    [
      'digits with blanks between the bytes',
      lines(noise(30_000).toString('hex').replaceAll(/../g, '$& '), 48),
      'latin1',
    ],
    [
      'digits with colons between the bytes',
      lines(noise(30_000).toString('hex').replaceAll(/../g, '$&:'), 48),
      'latin1',
    ],
    [
      'base64 in UTF-16, as PowerShell writes it',
      `\ufeff${lines(noise(30_000).toString('base64'), 76)}`,
      'utf16le',
    ],
  ] as const)('ciphertext is found as %s', async (_how, content, encoding) => {
    expect(await rule(Buffer.from(content, encoding), { type: TEXT })).toBe('encoded-noise');
  });

  test('a text that every byte of was combined with one other is found, when its name promised something', async () => {
    const hidden = Buffer.from(text(9000).map((byte) => byte ^ 0x93));
    const type = { ...UNKNOWN, renamed_from: 'text/plain' };
    expect(await rule(hidden, { type, name: 'notes.txt.x' })).toBe('xor-one-byte');
    expect(await rule(hidden)).toBeNull();
  });

  test('a text in a language is found under any key without a promise, a program by its beginning', async () => {
    const words = Buffer.from(
      'the order of the words in this report says nothing of its meaning\n'.repeat(60),
    );
    for (const key of [0x01, 0x0f, 0x55, 0x93, 0xff]) {
      const hidden = Buffer.from(words.map((byte) => byte ^ key));
      expect(await rule(hidden), `key ${key}`).toBe('xor-one-byte');
      const program = Buffer.from(readFileSync('/bin/ls').map((byte) => byte ^ key));
      expect(await rule(program), `key ${key}`).toBe('xor-one-byte');
    }
    expect(await rule(words)).toBeNull();
    // What is text again under a key is held against the letters of a language.
    const asText = { type: { ...UNKNOWN, by: 'text', mime: 'text/plain', density: 'plain' } as const };
    expect(await rule(Buffer.from(words.map((byte) => byte ^ 0x01)), asText)).toBe('xor-one-byte');
    expect(await rule(words, asText)).toBeNull();
    expect(await rule(Buffer.from(`${'ACGTTGCA'.repeat(8)}\n`.repeat(60)), asText)).toBeNull();
  });

  test('a text that would begin like a font under a key is a text', async () => {
    const type = { ...TEXT, claimed: 'text/x-perl' };
    const options = `mlmmj_list("listaddress",\n  "The address of the list, as its readers write it",\n${'  # what the order of the words says of the list, and of its readers\n'.repeat(40)}`;
    expect(await rule(Buffer.from(options), { type, name: 'options.pl' })).toBeNull();
    const font = Buffer.concat([Buffer.from('\0\x01\0\0\0\x0b', 'latin1'), Buffer.alloc(9000, 'glyf\0\x07')]);
    const lost = { ...UNKNOWN, claimed: 'font/ttf', contradiction: 'the content has no known structure' };
    const hidden = Buffer.from(font.map((byte) => byte ^ 0x6d));
    expect(await rule(hidden, { type: lost, name: 'a.ttf' })).toBe('xor-one-byte');
  });

  test.each([
    ['Thai', 'ล็อกอิน ถ้าคุณยังไม่ได้ล็อกอิน ให้ใส่ข้อมูลของคุณด้านล่าง คุณจำเป็นต้องเปิดใช้งานคุกกี้ '],
    ['Japanese', 'このページは読み取り専用です。文書のソースを見ることはできますが、変更はできません。'],
    ['Russian', 'Эти дополнения установлены сейчас, и здесь можно изменить их настройки или удалить их. '],
    ['Chinese', '这些是目前安装的插件。您可以在这里启用、停用甚至完全卸载它们。'],
    ['Khmer', 'ទំព័រចាស់ដែលអ្នកស្វែងរកមិនមានទេ សូមប្រើប៊ូតុងដើម្បីបង្ហាញទំព័រចាស់ៗ។ '],
  ])('a short text in %s is no other text under a key', async (_, sentence) => {
    const asText = { ...UNKNOWN, by: 'text', mime: 'text/plain', density: 'plain' } as const;
    for (const times of [1, 2, 3, 8, 50]) {
      const content = Buffer.from(`====== ${sentence} ======\n\n${sentence.repeat(times)}\n`);
      for (const type of [asText, { ...asText, renamed_from: 'text/plain' }])
        expect(await rule(content, { type }), `${times} times`).toBeNull();
    }
  });

  test('a short run of noise may be a table in a program, but in no sound, and no text', async () => {
    const samples = Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * at) & 0x3f));
    noise(4096).copy(samples, 8192);
    expect(await rule(samples, plainType('application/x-executable', 'signature'))).toBeNull();
    expect(await rule(samples, plainType('audio/x-wav', 'signature'))).toBe('noise-in-blocks');
    expect(await rule(samples, plainType('application/sql', 'text'))).toBe('noise-in-text');
  });

  test('a curve in a large library is a table; the same in a small program, or another run beside it, is none', async () => {
    const program = plainType('application/x-sharedlib', 'signature');
    const points = noise(37 * 4096);
    expect(await rule(Buffer.concat([code(400), points, code(600)]), program)).toBeNull();
    expect(await rule(Buffer.concat([code(40), points, code(60)]), program)).toBe('noise-in-blocks');
    const two = Buffer.concat([code(400), points.subarray(4096), code(400), noise(4096), code(200)]);
    expect(await rule(two, program)).toBe('noise-in-blocks');
  });

  test('a tar whose sums are right is judged by its own blocks', async () => {
    const tar = Buffer.concat([text(40_960), noise(8192), text(40_960), noise(8192), text(40_960)]);
    const type = {
      ...UNKNOWN,
      mime: 'application/x-tar',
      container: 'tar',
      by: 'structure',
      density: 'compressed',
    } as const;
    const opening = { whole: true, damaged: false, locked: false, provenFrom: null };
    expect(await rule(tar, { type, opening })).toBe('noise-in-blocks');
    expect(await rule(text(40_960), { type, opening })).toBeNull();
  });

  test('an archive that was opened to its end, behind a header of an unknown kind, is no noise', async () => {
    const bytes = noise(100_000);
    expect(await rule(bytes)).toBe('noise-throughout');
    expect(await rule(bytes, from(64))).toBeNull();
    // A block that was encrypted reaches further than a header.
    expect(await rule(bytes, from(4096))).toBe('noise-throughout');
    const lost = { ...UNKNOWN, claimed: 'image/png', contradiction: 'called a.png' };
    expect(await rule(bytes, { ...from(64), type: lost })).toBe('noise-throughout');
  });

  test('a known ending and no known content is enough; the ending alone is not', async () => {
    const records = Buffer.alloc(9000, 'ab\x01\x02\x03\0\0\0zz');
    expect(await rule(records, { name: 'a.lockbit' })).toBe('ransomware-ending');
    expect(await rule(text(9000), { type: TEXT, name: 'a.lockbit' })).toBeNull();
  });

  test('within a container, an object that is named by its own sum must lie where a repository puts it', async () => {
    const bytes = noise(30_000);
    const name = createHash('sha256').update(bytes).digest('hex');
    const [first, second] = [name.slice(0, 2), name.slice(2, 4)];
    const within = 'nightly.tar';
    for (const folder of [
      `repo/data/${first}`,
      'repo/keys',
      'repo/snapshots',
      `lfs/objects/${first}/${second}`,
    ]) {
      const { misses } = await judged(bytes, { within, name: `${folder}/${name}` });
      expect([folder, misses.length]).toEqual([folder, 1]);
    }
    for (const place of [name, `home/alice/${name}`, `data/zz/${name}`])
      expect([place, await rule(bytes, { within, name: place })]).toEqual([place, 'noise-throughout']);
  });

  test('an object that is named by its own sum is a gap, as in a restic repository', async () => {
    const bytes = noise(50_000);
    const name = createHash('sha256').update(bytes).digest('hex');
    const { claims, misses } = await judged(bytes, { name });
    expect(claims).toEqual([]);
    expect(misses).toMatchObject([{ reason: 'opaque' }]);
  });

  test('streams and objects of a document are not judged by themselves', async () => {
    expect(await rule(noise(50_000), { isPiece: true })).toBeNull();
  });
});
