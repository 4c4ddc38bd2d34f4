import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLog } from '../../../observe/index.ts';
import { openStore, type Store } from '../../../store/index.ts';
import { EventStream } from './event-stream.ts';

const DEADLINE_MS = 30_000;
/** Together many times what a socket keeps of what nobody reads. */
const RECORDS = 1200;

let home: string;
let store: Store;
let server: Server | null = null;
const sockets: Socket[] = [];
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'event-stream-'));
  store = await openStore({
    dataDir: join(home, 'data'),
    who: 'a test',
    what: 'a test',
    waitMs: 0,
    leftOver: async () => null,
  });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server?.close();
  await store.close();
  rmSync(home, { recursive: true, force: true });
});

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come`);
    await sleep(20);
  }
}

async function append(): Promise<void> {
  // As long as a path may be.
  const path = Buffer.alloc(8000, 'a');
  const rest = {
    file: null,
    item: null,
    sha256: null,
    decision: null,
    verdict: null,
    detail: 'd'.repeat(1000),
  };
  await store.journal.append({
    action: 'decided',
    time: '2026-11-28T12:00:00.000Z',
    who: 'w',
    path,
    ...rest,
  });
}

/** A server that answers everybody with the events, from the first on. */
async function serve(
  events: EventStream,
  welcome: () => Promise<boolean>,
): Promise<{ port: number; responses: ServerResponse[] }> {
  const responses: ServerResponse[] = [];
  server = createServer((_request, response) => {
    responses.push(response);
    response.writeHead(200);
    void events.follow(response, 0, welcome);
  });
  await new Promise<void>((resolve) => {
    server?.listen(0, '127.0.0.1', resolve);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
  return { port: (server.address() as AddressInfo).port, responses };
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  sockets.push(socket);
  return socket;
}

test('who takes nothing is dropped, keeps little waiting, and holds up nobody', async () => {
  for (let record = 0; record < RECORDS; record++) await append();
  const events = new EventStream(store.journal, openLog({ name: 'test', level: 'silent' }), { slowMs: 500 });
  const { port, responses } = await serve(events, async () => true);
  const slow = open(port);
  slow.pause();
  let bytes = 0;
  let most = 0;
  const quick = open(port).on('data', (part) => {
    bytes += part.length;
    most = Math.max(most, ...responses.map(({ writableLength }) => writableLength));
  });
  await until(() => events.clients === 1, 'the drop');
  await until(() => bytes > RECORDS * 9000, 'everything for the other one');
  // What was written last, and one record more.
  expect(most).toBeLessThan(512 * 1024);
  await append();
  const before = bytes;
  await until(() => bytes > before, 'what is new');
  quick.destroy();
  await until(() => events.clients === 0, 'the end');
  events.end();
});

test('who is no longer welcome gets nothing of what happens then, and is sent away without a heartbeat', async () => {
  await append();
  const log = openLog({ name: 'test', level: 'silent' });
  const events = new EventStream(store.journal, log, { heartbeatMs: Infinity });
  let welcome = true;
  const { port } = await serve(events, async () => welcome);
  let text = '';
  open(port).on('data', (part) => (text += String(part)));
  const { seq } = await store.journal.head();
  await until(() => text.includes(`id: ${seq}\n`), 'the first');
  welcome = false;
  await append();
  const next = `id: ${seq + 1}\n`;
  await until(() => text.includes('no longer known') || text.includes(next), 'the farewell');
  expect(text).not.toContain(next);
  await until(() => events.clients === 0, 'the end');
  expect(text).toContain('event: decided');
  events.end();
});
