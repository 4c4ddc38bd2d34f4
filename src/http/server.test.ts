import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createServer, listen, type ServerOptions } from './server.ts';

async function serving(options: Partial<ServerOptions>) {
  const app = createServer({
    bodyLimitBytes: 1024,
    requestTimeoutMs: 60_000,
    ...options,
  });
  app.get('/x', async () => 'here');
  const url = await listen(app, { host: '127.0.0.1', port: 0 });
  return { app, url, [Symbol.asyncDispose]: async () => app.close() };
}

async function connected(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

test('headers that trickle in are ended, while others are answered', async () => {
  await using server = await serving({ headersTimeoutMs: 500 });
  const slow = await Promise.all(Array.from({ length: 20 }, async () => connected(server.url)));
  const closed = slow.map(async (socket) => once(socket, 'close'));
  let answers = 0;
  for (const socket of slow) {
    socket.on('data', (text: string) => (answers += text.includes('408 Request Timeout') ? 1 : 0));
    socket.write('GET /x HTTP/1.1\r\nhost: 127.0.0.1\r\n');
  }
  // A header line now and then keeps no connection open.
  const drip = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write('x: y\r\n');
  }, 100);
  expect(await (await fetch(`${server.url}/x`)).text()).toBe('here');
  await Promise.all(closed);
  clearInterval(drip);
  expect(answers).toBe(20);
});

test('of a flood of connections so many are kept, the others closed at once, and afterwards it answers', async () => {
  await using server = await serving({ maxConnections: 8 });
  const kept = await Promise.all(Array.from({ length: 8 }, async () => connected(server.url)));
  const flood = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const socket = await connected(server.url);
      return once(socket, 'close').then(() => 'closed');
    }),
  );
  expect(flood.every((end) => end === 'closed')).toBe(true);
  expect(kept.every((socket) => !socket.destroyed)).toBe(true);
  const answers = kept.map(async (socket) => String((await once(socket, 'data'))[0]));
  for (const socket of kept) socket.write('GET /x HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
  expect((await Promise.all(answers)).every((answer) => answer.includes('200 OK'))).toBe(true);
  for (const socket of kept) socket.destroy();
  await expect
    .poll(async () =>
      fetch(`${server.url}/x`).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);
});
