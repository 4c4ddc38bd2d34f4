import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { HttpError } from './http-error.ts';
import { createServer, listen } from './server.ts';

test('who is refused while sending reads why, and then neither keeps the connection nor holds up a shutdown', async () => {
  const app = createServer({ bodyLimitBytes: 10, requestTimeoutMs: 120_000 });
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  app.post('/x', async ({ raw }) => {
    // Read in part, as an upload is.
    await once(raw, 'data');
    raw.pause();
    throw new HttpError(413, 'too large', 'bad_request');
  });
  const url = await listen(app, { host: '127.0.0.1', port: 0 });
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
  socket.on('error', () => {});
  let answer = '';
  socket.on('data', (text: string) => (answer += text));
  socket.write(
    'POST /x HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 10000000\r\n\r\nbeginning',
  );
  await expect.poll(() => answer).toContain('413 Payload Too Large');
  // It never sends the rest.
  const closed = once(socket, 'close');
  await app.close();
  await closed;
  expect(answer).toContain('too large');
});
