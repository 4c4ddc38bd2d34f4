import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../src/analyze/analyzer.ts';
import { yaraAnalyzer } from '../src/analyze/yara/index.ts';
import { Scratch } from '../src/bytes/index.ts';
import { startYaraChild } from '../src/pipeline/yara-child.ts';
import { examineBytes } from './kit/yara/examine.ts';
import { NEEDLE, NEEDLE_RULE, ruleFolder, type RuleFolder } from './kit/yara/rule-folder.ts';

let scratch: Scratch;
let rules: RuleFolder;
beforeAll(async () => {
  scratch = await Scratch.create('/tmp');
  rules = ruleFolder({ 'needle.yar': NEEDLE_RULE });
});
afterAll(async () => {
  await scratch.remove();
  rules.remove();
});

/** System calls that read, as the kernel counts them. */
function reads(pid: number): number {
  return Number(/^syscr: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'ascii'))?.[1]);
}

test('small artifacts reach the engines many at a time, and each gets its own answer', async () => {
  const child = await startYaraChild({ rulesDirs: [rules.path], engines: 2 });
  const analyzer = yaraAnalyzer({ endpoint: { socket: child.socketPath }, scratch });
  const examine = async (count: number): Promise<Outcome[]> =>
    Promise.all(
      Array.from({ length: count }, (_, at) =>
        examineBytes(analyzer, Buffer.from(at % 7 === 0 ? `${at} ${NEEDLE}` : `${at} nothing`)),
      ),
    );
  await examine(10);
  const processes = child.pids();
  const before = processes.map(reads);
  const outcomes = await examine(2000);
  const spent = processes.map((pid, at) => reads(pid) - (before[at] ?? 0));
  expect(outcomes.map(({ claims, misses }) => [claims.length, misses.length])).toEqual(
    outcomes.map((_, at) => [at % 7 === 0 ? 1 : 0, 0]),
  );
  // Each by itself would be one in the front and three in an engine, at least.
  expect(spent.reduce((sum, one) => sum + one, 0)).toBeLessThan(2000 / 2);
  expect(child.pids()).toEqual(processes);
  await analyzer.close();
  await child.close();
});

test.each<[string, (socket: Socket) => void]>([
  ['hangs up', (socket) => socket.destroy()],
  [
    'answers what was not asked',
    (socket) => void socket.write(frame(1, 99, '{"matches":[],"match_count":0}')),
  ],
  ['announces more than it may say', (socket) => void socket.write(frame(1, 1, '', 0xffffffff))],
  ['answers nonsense', (socket) => void socket.write(frame(1, 1, '<html>'))],
  ['answers half of it and ends', (socket) => void socket.end(frame(1, 1, '{"mat', 30))],
])('a scanner on the private socket that %s has examined nothing', async (_what, answer) => {
  const path = join(scratch.path, `s${Math.random()}`);
  const server = await listening(path, answer);
  const analyzer = yaraAnalyzer({ endpoint: { socket: path }, scratch });
  expect(await examineBytes(analyzer, Buffer.from('abc'))).toMatchObject({
    inspected_bytes: 0,
    claims: [],
    misses: [{ reason: 'engine_failed', bytes: 3 }],
  });
  await analyzer.close();
  server.close();
});

test('a scanner on the private socket that never answers is given up', async () => {
  const path = join(scratch.path, 'silent');
  const server = await listening(path, () => {});
  const analyzer = yaraAnalyzer({ endpoint: { socket: path }, scratch, timeouts: { answerMs: 500 } });
  const outcome = await examineBytes(analyzer, Buffer.from('abc'));
  expect(outcome.misses).toMatchObject([{ reason: 'engine_failed', bytes: 3 }]);
  await analyzer.close();
  server.close();
});

test('what no worker of ours would send ends the connection, and nobody else’s', async () => {
  const child = await startYaraChild({ rulesDirs: [rules.path], engines: 1 });
  const analyzer = yaraAnalyzer({ endpoint: { socket: child.socketPath }, scratch });
  for (const bytes of [frame(1, 1, '', 0x7fffffff), Buffer.alloc(100, 0xff)]) {
    const hostile = connect(child.socketPath);
    hostile.on('error', () => {});
    hostile.write(bytes);
    await once(hostile, 'close');
  }
  // In order, but of no kind that there is; and windows that are none.
  const asker = connect(child.socketPath);
  let said = '';
  asker.setEncoding('utf8').on('data', (text: string) => (said += text));
  asker.write(Buffer.concat([frame(77, 1, ''), frame(2, 2, '{"path":7}'), frame(2, 3, 'nonsense')]));
  await expect.poll(() => said.split('"bad_request"').length - 1).toBe(3);
  asker.destroy();
  expect(await examineBytes(analyzer, Buffer.from(NEEDLE))).toMatchObject({ misses: [] });
  await analyzer.close();
  await child.close();
});

/** As the wire has it: kind, number, nothing about it, a length that may lie, a payload. */
function frame(kind: number, id: number, payload: string, length = payload.length): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt8(kind, 0);
  head.writeUInt32LE(id, 1);
  head.writeUInt32LE(length, 9);
  return Buffer.concat([head, Buffer.from(payload)]);
}

async function listening(path: string, onQuestion: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => onQuestion(socket));
  }).listen(path);
  await once(server, 'listening');
  return server;
}
