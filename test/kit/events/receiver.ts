import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Certificate } from './certificate.ts';

export interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a receiver does with a request whose body it has. */
export type Behaviour = (received: Received, answer: ServerResponse, socket: Socket) => void;

export const takes: Behaviour = (_received, answer) => void answer.writeHead(204).end();
export const answers =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (_received, answer) =>
    void answer.writeHead(status, headers).end('no');

/** A receiver of webhooks, which can go away and come back at the same port. */
export class Receiver {
  /** Those that were answered with 2xx, in order. */
  readonly taken: Received[] = [];
  /** All of them. */
  readonly seen: Received[] = [];
  behaviour: Behaviour = takes;
  #port = 0;
  #server: Server | null = null;
  readonly #sockets = new Set<Socket>();
  readonly #certificate: Certificate | null;

  /** With a certificate it is one of https. */
  constructor(certificate: Certificate | null = null) {
    this.#certificate = certificate;
  }

  get url(): string {
    return this.#certificate === null
      ? `http://127.0.0.1:${this.#port}/hook`
      : `https://localhost:${this.#port}/hook`;
  }

  async up(): Promise<this> {
    const take = (request: IncomingMessage, answer: ServerResponse) => void this.#take(request, answer);
    const server =
      this.#certificate === null
        ? createServer(take)
        : createSecureServer({ key: this.#certificate.key, cert: this.#certificate.cert }, take);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => {
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      if (server === null) resolve();
      else server.close(() => resolve());
    });
  }

  async #take(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // The sender went away.
    }
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const received = { headers, body: Buffer.concat(chunks).toString() };
    this.seen.push(received);
    answer.once('finish', () => {
      if (answer.statusCode < 300) this.taken.push(received);
    });
    this.behaviour(received, answer, request.socket);
  }
}

/** As a receiver checks it (docs/siem.md). */
export function isSigned(secret: string, { headers, body }: Received): boolean {
  const [time = '', ...signatures] = (headers['backuplens-signature'] ?? '').split(',');
  const at = time.replace(/^t=/, '');
  const expected = `v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`;
  return Math.abs(Date.now() / 1000 - Number(at)) < 300 && signatures.includes(expected);
}

/** An event of ours in ECS, as far as tests look at it. */
export interface EcsEvent {
  readonly event: { readonly id: string; readonly action: string; readonly sequence: number };
  readonly file?: { readonly path?: string };
  readonly backuplens: {
    readonly action?: string;
    readonly file?: string;
    readonly figures?: Readonly<Record<string, string | number | null>>;
  };
}

export function ecsOf(received: readonly Pick<Received, 'body'>[]): EcsEvent[] {
  return received.map(({ body }) => JSON.parse(body));
}
