import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type RequestListener } from 'node:http';

export interface Passed {
  readonly path: string;
  /** Of the request. */
  readonly bytes: number;
  /** Of the answer. */
  readonly status: number;
}

export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** The requests that were answered, but for `/health`. */
  readonly passed: readonly Passed[];
  /** What it answers itself instead of asking the service; null: the service is asked. */
  instead: RequestListener | null;
}

/** Stands before a service and sees what goes over the wire. */
export async function proxyOf(service: string): Promise<Proxy> {
  const passed: Passed[] = [];
  const proxy = { instead: null as RequestListener | null };
  const server = createServer((request, response) => {
    if (proxy.instead !== null && request.url !== '/health') return proxy.instead(request, response);
    const { method, headers, url = '' } = request;
    const asked = forward(new URL(url, service), { method, headers });
    let bytes = 0;
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.pipe(asked);
    asked.on('error', () => response.destroy());
    asked.on('response', (answer: IncomingMessage) => {
      const { statusCode = 0 } = answer;
      response.writeHead(statusCode, answer.headers);
      answer.pipe(response);
      answer.on('end', () => {
        if (url !== '/health') passed.push({ path: url, bytes, status: statusCode });
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${address.port}`,
    passed,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
