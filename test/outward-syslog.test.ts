// needs: rsyslog openssl
import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTls, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSinks } from '../src/outward/index.ts';
import { stream } from '../src/outward/sinks/syslog-wire.ts';
import { certificateIn } from './kit/events/certificate.ts';
import { NOBODY, OutboxUnderTest } from './kit/events/outbox.ts';
import { Rsyslog } from './kit/events/rsyslog.ts';
import { framesOf, parseMessage } from './kit/events/syslog-grammar.ts';

let under: OutboxUnderTest;
const undo: (() => Promise<unknown> | void)[] = [];
beforeEach(async () => {
  under = await new OutboxUnderTest().open();
});
afterEach(async () => {
  await under.remove();
  for (const step of undo.splice(0).toReversed()) await step();
});

const syslog = (url: string, format: 'ecs' | 'cef' = 'cef') => ({ url, format, max_bytes: null });
const DATA = 'backuplens@32473';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A receiver of bytes. */
async function bytesAt(port: number, make: (on: (socket: Socket) => void) => Server = createServer) {
  const sockets: Socket[] = [];
  const got: Buffer[] = [];
  const server = make((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).on('data', (chunk) => void got.push(chunk));
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  undo.push(close);
  return { port: (server.address() as AddressInfo).port, got: () => Buffer.concat(got), sockets, close };
}

test.each(['tcp', 'udp'])(
  'a real rsyslog over %s understands every message, and gets all of them',
  async (way) => {
    const rsyslog = new Rsyslog(under.root, await freePort());
    await rsyslog.up();
    undo.push(async () => rsyslog.down());
    await under.start({ syslog: syslog(`${way}://127.0.0.1:${rsyslog.port}`) });
    const ids: string[] = [];
    for (let at = 0; at < 20; at++)
      ids.push((await under.tell({ path: Buffer.from(`/in/a "${at}" ] | = \\`) })).hash);
    await under.caughtUp();
    // Of UDP, nobody is told whether something arrives: that it is away shows with the next message.
    if (way === 'tcp') await rsyslog.down();
    for (let at = 0; at < 20; at++) ids.push((await under.tell()).hash);
    if (way === 'tcp') {
      await under.until(async () => (await under.state('syslog'))?.state === 'failing', 'the failure');
      await rsyslog.up();
    }
    await under.caughtUp();
    await under.until(
      () => ids.every((id) => rsyslog.messages().some(({ data }) => data.includes(`id="${id}"`))),
      'all',
    );
    const messages = rsyslog.messages();
    const order = messages.map(({ data }) => /id="([0-9a-f]+)"/.exec(data)?.[1] ?? '');
    expect([...new Set(order)].filter((id) => ids.includes(id))).toEqual(ids);
    expect(new Set(messages.map(({ app }) => app))).toEqual(new Set(['backuplens']));
    const first = messages.find(({ data }) => data.includes(ids[0] ?? ''));
    expect(first).toMatchObject({ priority: '134', id: 'decision' });
    expect(first?.message).toContain(String.raw`filePath=/in/a "0" ] | \= \\ `);
  },
);

test('every message over TCP is one of RFC 5424 with its length before it, across a receiver that comes and goes', async () => {
  const port = await freePort();
  const first = await bytesAt(port);
  await under.start({ syslog: syslog(`tcp://127.0.0.1:${port}`, 'ecs') });
  const ids: string[] = [];
  for (let at = 0; at < 10; at++) ids.push((await under.tell()).hash);
  await under.caughtUp();
  await first.close();
  for (let at = 0; at < 10; at++) ids.push((await under.tell()).hash);
  await under.until(async () => (await under.state('syslog'))?.state === 'failing', 'the failure');
  const second = await bytesAt(port);
  await under.caughtUp();
  const all = [...framesOf(first.got()), ...framesOf(second.got())].map(parseMessage);
  expect([...new Set(all.map(({ data }) => data[DATA]?.['id']))].slice(1)).toEqual(ids);
  for (const { message, data, priority, id } of all) {
    const event: { event: { id: string; action: string } } = JSON.parse(message);
    expect(event.event).toMatchObject({ id: data[DATA]?.['id'], action: id });
    expect(priority >> 3).toBe(16);
  }
});

test('over UDP a message is a datagram, and never larger than allowed: it says that it was shortened', async () => {
  const socket = createSocket('udp4');
  const got: Buffer[] = [];
  socket.on('message', (message) => void got.push(message));
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  undo.push(() => void socket.close());
  await under.start({ syslog: syslog(`udp://127.0.0.1:${socket.address().port}`, 'ecs') });
  await under.tell({ path: Buffer.from(`/in/${'long '.repeat(800)}end`), detail: 'x'.repeat(900) });
  await under.tell({ path: Buffer.from('/in/short') });
  await under.until(() => got.length >= 3, 'the datagrams');
  expect(Math.max(...got.map(({ length }) => length))).toBeLessThanOrEqual(2048);
  const events = got.map((one) => JSON.parse(parseMessage(one).message));
  expect(events[1]).toMatchObject({ backuplens: { figures: { shortened: 1 } } });
  expect(events[2]).toMatchObject({ file: { path: '/in/short' } });
  expect(events[2]).not.toHaveProperty('backuplens.figures');
});

test('what was written to a connection just before it broke is sent again', async () => {
  const port = await freePort();
  const first = await bytesAt(port);
  await under.start({ syslog: syslog(`tcp://127.0.0.1:${port}`) });
  const id = (await under.tell()).hash;
  await under.caughtUp();
  await first.close();
  const second = await bytesAt(port);
  await under.tell();
  await under.caughtUp();
  expect(framesOf(second.got()).map((one) => parseMessage(one).data[DATA]?.['id'])).toContain(id);
});

test('a receiver that takes nothing does not hold up the end of the service', async () => {
  const receiver = await bytesAt(await freePort());
  const ended = new AbortController();
  const wire = await stream({ host: '127.0.0.1', port: receiver.port, tls: false }, ended.signal);
  undo.push(() => wire.end());
  await wire.settle(ended.signal);
  for (const socket of receiver.sockets) socket.pause();
  setTimeout(() => ended.abort(), 1000);
  const message = Buffer.alloc(2 ** 20, 'x');
  // More than the buffers of two sockets hold.
  const writing = (async (): Promise<void> => {
    for (let at = 0; at < 100; at++) await wire.write(message, ended.signal);
  })();
  await expect(writing).rejects.toThrow('the service ends');
});

test('over TLS a certificate that nobody trusts is no receiver; a trusted one is', async () => {
  const { key, cert } = certificateIn(under.root);
  const options = { key, cert };
  const receiver = await bytesAt(0, (on) => createTls(options, on));
  await under.start({ syslog: syslog(`tls://localhost:${receiver.port}`) });
  await under.tell();
  await under.until(async () => (await under.state('syslog'))?.state === 'failing', 'the refusal');
  expect((await under.state('syslog'))?.detail).toMatch(/self-signed|SELF_SIGNED/i);
  expect(receiver.got()).toHaveLength(0);
  const before = getCACertificates('default');
  undo.push(() => setDefaultCACertificates(before));
  setDefaultCACertificates([...before, cert.toString()]);
  await under.caughtUp();
  expect(framesOf(receiver.got()).map((one) => parseMessage(one).id)).toEqual(['begun', 'decision']);
});

test.each([
  'tcp://syslog.example',
  'tcp://syslog.example:514/path',
  'udp://name:secret@syslog.example:514',
  'tcp://syslog.example:0',
])('%s is no address of a syslog receiver, and the message does not show it', async (url) => {
  const failed = openSinks(
    { ...NOBODY, syslog: syslog(url) },
    { standing: async () => Promise.reject(new Error('nobody asks')) },
  );
  await expect(failed).rejects.toMatchObject({ code: 'BL_CONFIG' });
  await expect(failed).rejects.not.toThrow(/secret/);
});
