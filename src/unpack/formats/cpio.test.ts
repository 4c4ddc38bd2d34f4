import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unpack } from '../../../test/kit/archives/unpacked.ts';
import { Scratch } from '../../bytes/index.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

const hex = (value: number): string => value.toString(16).padStart(8, '0');

const padded = (part: Buffer): Buffer => Buffer.concat([part, Buffer.alloc((4 - (part.length % 4)) % 4)]);

/** One member of a newc archive, or of a crc one when it has a sum. */
function entry(name: string | Buffer, content: string, mode = 0o100644, links = 1, sum?: number): Buffer {
  const bytes = Buffer.concat([Buffer.from(name), Buffer.alloc(1)]);
  const fields = [1, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, bytes.length, sum ?? 0];
  const head = Buffer.concat([
    Buffer.from((sum === undefined ? '070701' : '070702') + fields.map(hex).join('')),
    bytes,
  ]);
  return Buffer.concat([padded(head), padded(Buffer.from(content))]);
}
const END = entry('TRAILER!!!', '');

test('names of 64 KiB, with NUL bytes and with leading slashes are data', async () => {
  const long = 'n'.repeat(65_536);
  const bytes = Buffer.concat([entry(long, 'one'), entry('/a\0b', 'two'), entry('../c', 'three'), END]);
  const { members, unsafe, measured, gaps } = await unpack('cpio', bytes, scratch);
  expect(members.map(({ name, text }) => [name, text])).toEqual([
    [long, 'one'],
    ['/a\0b', 'two'],
    ['../c', 'three'],
  ]);
  expect(unsafe).toEqual(['path-traversal']);
  expect(measured).toMatchObject({ absolute_names: 1, nul_names: 1 });
  expect(gaps).toEqual([]);
});

test('links and devices are counted and never made; what they hold is examined', async () => {
  const bytes = Buffer.concat([
    entry('to', '/etc/passwd', 0o120777),
    entry('long', 'x'.repeat(5000), 0o120777),
    entry('second name', '', 0o100644, 2),
    entry('tty', 'hidden in a device', 0o020666),
    entry('folder', '', 0o040755),
    entry('folder with content', 'hidden in a folder', 0o040755),
    END,
  ]);
  const { members, measured } = await unpack('cpio', bytes, scratch);
  expect(members.map(({ name }) => name)).toEqual(['long', 'tty', 'folder with content']);
  expect(measured).toMatchObject({ links: 2, outward_links: 1, devices: 1 });
});

test('a wrong check sum is damage of that member alone', async () => {
  const bytes = Buffer.concat([
    entry('good', 'abc', 0o100644, 1, 97 + 98 + 99),
    entry('bad', 'abc', 0o100644, 1, 1),
    entry('last', '', 0o100644, 1, 0),
    END,
  ]);
  const { members, gaps } = await unpack('cpio', bytes, scratch);
  expect(members).toHaveLength(3);
  expect(gaps).toEqual([
    { reason: 'corrupt', detail: 'the check sum does not match the content', member: 'bad' },
  ]);
});

test('what stands where a header should be is examined, and said to be damage', async () => {
  const bytes = Buffer.concat([entry('a', 'abc'), Buffer.from('not a header, but something')]);
  const { members, gaps } = await unpack('cpio', bytes, scratch);
  expect(members.at(-1)?.text).toBe('not a header, but something');
  expect(gaps).toMatchObject([{ reason: 'corrupt' }]);
});

test('archives one after the other are one; what is no archive behind the end is a member', async () => {
  const zeros = Buffer.alloc(512);
  const two = [
    entry('a', 'first'),
    END,
    zeros,
    entry('b', 'second'),
    END,
    zeros,
    Buffer.from('compressed rest'),
  ];
  const { members, gaps } = await unpack('cpio', Buffer.concat(two), scratch);
  expect(members.map(({ text }) => text)).toEqual(['first', 'second', 'compressed rest']);
  expect(gaps).toEqual([]);
});

test('cut off anywhere it is said to be', async () => {
  const whole = Buffer.concat([entry('a', 'some content'), entry('b', 'more of it'), END]);
  const silent: number[] = [];
  for (let length = 0; length < whole.length; length++) {
    const { gaps } = await unpack('cpio', whole.subarray(0, length), scratch);
    if (gaps[0]?.reason !== 'corrupt') silent.push(length);
  }
  expect(silent).toEqual([]);
});

test('a payload whose sizes stand in its package is a gap', async () => {
  const { gaps } = await unpack('cpio', Buffer.from(`07070X${'0'.repeat(8)}`), scratch);
  expect(gaps).toMatchObject([{ reason: 'unsupported_format' }]);
});
