// needs: redis-server python3
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { tool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';

let scratch: Scratch;
let dump: Buffer;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
  dump = saved();
});
afterAll(() => scratch.remove());

const LONG = 'a value that is longer than what is kept together '.repeat(4);
const NOISE = Buffer.from(Array.from({ length: 3000 }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 9) & 0xff));

/** What a Redis that has every kind of value writes: one command a line. */
const COMMANDS = [
  `set text "${LONG}"`,
  'set number 12345',
  'set short abc',
  `set expires "${LONG}" ex 100000`,
  'rpush small a b c 4',
  `rpush long ${'x'.repeat(300)} "${LONG}"`,
  `sadd set "${LONG}" b`,
  'sadd numbers 1 2 3',
  `hset hash field "${LONG}"`,
  'hset tiny a 1 b 2',
  `zadd sorted 1.5 "${LONG}" inf b`,
  'zadd few 1 a 2 b',
  `xadd stream 1-1 field "${LONG}"`,
  'xgroup create stream group 0',
  'xreadgroup group group consumer count 1 streams stream >',
  `set ${'k'.repeat(2000)} v`,
  'select 3',
  `set text3 "${LONG}"`,
];

/** The same in the oldest and the newest form that this Redis has. */
function saved(options = ''): Buffer {
  const folder = mkdtempSync(join(scratch.path, 'redis-'));
  writeFileSync(join(folder, 'commands'), `${COMMANDS.join('\n')}\n`);
  writeFileSync(join(folder, 'noise'), NOISE);
  tool(folder, 'sh', [
    '-ec',
    `redis-server --daemonize yes --port 0 --unixsocket s --pidfile "$PWD/pid" --dir . --save '' --dbfilename a.rdb ${options}
for try in $(seq 100); do redis-cli -s s ping >/dev/null 2>&1 && break; sleep 0.1; done
redis-cli -s s < commands > answers
redis-cli -s s -x set noise < noise
redis-cli -s s save
redis-cli -s s shutdown nosave`,
  ]);
  expect(readFileSync(join(folder, 'answers'), 'utf8')).not.toMatch(/ERR|WRONG/);
  return readFileSync(join(folder, 'a.rdb'));
}

const HOLDING = new Set([
  '0/expires',
  '0/hash',
  '0/long',
  '0/set',
  '0/sorted',
  '0/stream',
  '0/text',
  '3/text3',
]);

test('values of every kind are members under the name of their key, packed or not', async () => {
  for (const bytes of [dump, saved('--rdbcompression no')]) {
    const { members, gaps } = await unpack('redis', bytes, scratch, { streamed: true });
    expect(gaps).toEqual([]);
    const holding = members
      .filter(({ text }) => text.includes(LONG))
      // Sets come in an order of their own.
      .map(({ name }) => name.replace(/\/\d$/, ''));
    expect(new Set(holding)).toEqual(HOLDING);
    expect(members.find(({ name }) => name === '0/noise')?.size).toBe(NOISE.length);
    expect(members.find(({ text }) => text.startsWith('kkkk'))?.size).toBe(2000);
  }
});

test('one that is cut off anywhere is damaged, and what came before is examined', async () => {
  for (let length = 9; length < dump.length; length += 61) {
    const { gaps } = await unpack('redis', dump.subarray(0, length), scratch);
    expect(gaps.map(({ reason }) => reason)).toEqual(['corrupt']);
  }
});

test('what stands behind its end is a member', async () => {
  const { members } = await unpack('redis', Buffer.concat([dump, Buffer.from('hidden here')]), scratch);
  expect(members.at(-1)).toMatchObject({ name: '(data after the end)', text: 'hidden here' });
});

/** Why a dump of one key is not read whole: the type of its value in hexadecimal digits, and the value. */
async function reasonsOf(...parts: readonly (Buffer | string)[]): Promise<string[]> {
  const [type = '', ...value] = parts.map((part) =>
    typeof part === 'string' ? Buffer.from(part, 'hex') : part,
  );
  const bytes = Buffer.concat([Buffer.from('REDIS0011'), Buffer.from(type), Buffer.from('\x01k'), ...value]);
  return (await unpack('redis', bytes, scratch)).gaps.map(({ reason }) => reason);
}

test('types that nobody knows, lengths that cannot be and strings that hold too much are gaps', async () => {
  expect(await reasonsOf('50')).toEqual(['unsupported_format']);
  expect(await reasonsOf('00', '82')).toEqual(['corrupt']);
  expect(await reasonsOf('00', '81ffffffffffffffff')).toEqual(['corrupt']);
  expect(await reasonsOf('01', '80ffffffff')).toEqual(['corrupt']);
  // A match that reaches before the beginning.
  expect(await reasonsOf('00', 'c3020a2005')).toEqual(['corrupt']);
  // One byte that says it is 4 GiB, and 3 MiB that say they are 100.
  expect(await reasonsOf('00', 'c30180ffffffff00')).toEqual(['corrupt']);
  const end = `ff${'00'.repeat(8)}`;
  expect(await reasonsOf('00', 'c380003000008006400000', Buffer.alloc(0x30_0000), end)).toEqual([
    'budget_exceeded',
  ]);
});
