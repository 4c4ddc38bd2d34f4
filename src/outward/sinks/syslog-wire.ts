import { createSocket } from 'node:dgram';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { lookup } from 'node:dns';

/** A way to a syslog receiver. Whoever opened it ends it. */
export interface Wire {
  readonly isBroken: boolean;
  /** Resolves when it has left us. */
  write(message: Buffer, signal: AbortSignal): Promise<void>;
  /** Resolves after a moment in which the receiver could have gone away; rejects if it did. */
  settle(signal: AbortSignal): Promise<void>;
  end(): void;
}

const CONNECT_WITHIN_MS = 10_000;
/** A receiver that takes nothing for so long is left. */
const WRITE_WITHIN_MS = 10_000;
const SETTLE_MS = 100;

/** Resolves with `work`, or rejects with the signal, the deadline, or what broke meanwhile. */
async function within<T>(
  ms: number,
  signal: AbortSignal,
  what: string,
  work: (done: (value: T) => void, failed: (error: Error) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error(`${what} within ${ms} ms`)), ms);
    const clean = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
    };
    const fail = (error: Error): void => {
      clean();
      reject(error);
    };
    const aborted = (): void => fail(new Error('the service ends'));
    if (signal.aborted) return aborted();
    signal.addEventListener('abort', aborted, { once: true });
    work((value) => {
      clean();
      resolve(value);
    }, fail);
  });
}

/** TCP or TLS, with the length before each message (RFC 6587, 3.4.1; RFC 5425, 4.3). */
export async function stream(
  { host, port, tls }: { readonly host: string; readonly port: number; readonly tls: boolean },
  signal: AbortSignal,
): Promise<Wire> {
  const socket: Socket = tls
    ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}) })
    : connectTcp({ host, port });
  const wire = new StreamWire(socket);
  try {
    await within<void>(CONNECT_WITHIN_MS, signal, 'it was not connected', (done, failed) => {
      socket.once(tls ? 'secureConnect' : 'connect', () => done());
      socket.once('error', failed);
      socket.once('close', () => failed(new Error('it closed the connection')));
    });
  } catch (error) {
    wire.end();
    throw error;
  }
  return wire;
}

class StreamWire implements Wire {
  readonly #socket: Socket;
  #broken: Error | null = null;
  /** Rejects what waits. */
  #onBroken: (error: Error) => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, CONNECT_WITHIN_MS);
    socket.on('error', (error) => this.#breaks(error));
    // Half of a connection is none: what would be written to it is lost.
    socket.on('end', () => this.#breaks(new Error('it closed the connection')));
    socket.on('close', () => this.#breaks(new Error('it closed the connection')));
    // Whatever it says is nothing to us.
    socket.resume();
  }

  get isBroken(): boolean {
    return this.#broken !== null;
  }

  async write(message: Buffer, signal: AbortSignal): Promise<void> {
    await this.#attempt<void>(WRITE_WITHIN_MS, signal, (done) => {
      this.#socket.write(Buffer.concat([Buffer.from(`${message.length} `), message]), () => done());
    });
  }

  async settle(signal: AbortSignal): Promise<void> {
    await this.#attempt<void>(SETTLE_MS * 10, signal, (done) => {
      setTimeout(done, SETTLE_MS);
    });
  }

  end(): void {
    // What is on its way may arrive; a receiver that takes nothing does not hold us.
    this.#socket.end();
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), SETTLE_MS).unref();
  }

  async #attempt<T>(ms: number, signal: AbortSignal, work: (done: (value: T) => void) => void): Promise<T> {
    if (this.#broken !== null) throw this.#broken;
    return within<T>(ms, signal, 'it took nothing', (done, failed) => {
      this.#onBroken = failed;
      work(done);
    });
  }

  #breaks(error: Error): void {
    this.#broken ??= error;
    this.#onBroken(this.#broken);
  }
}

/** UDP, a message a datagram (RFC 5426). Nobody says whether one arrived; only that nobody listens may be told. */
export async function datagrams(
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Wire> {
  const { address, family } = await within<{ address: string; family: number }>(
    CONNECT_WITHIN_MS,
    signal,
    'its address was not found',
    (done, failed) => {
      lookup(host, (error, found, of) => {
        if (error === null) done({ address: found, family: of });
        else failed(error);
      });
    },
  );
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  let broken: Error | null = null;
  socket.on('error', (error) => {
    broken = error;
  });
  const wire: Wire = {
    get isBroken() {
      return broken !== null;
    },
    write: async (message, ended) => {
      if (broken !== null) throw broken;
      await within<void>(WRITE_WITHIN_MS, ended, 'it took nothing', (done, failed) => {
        socket.send(message, (error) => (error === null ? done() : failed(error)));
      });
    },
    settle: async (ended) => {
      await within<void>(SETTLE_MS * 10, ended, 'it took nothing', (done, failed) => {
        setTimeout(() => (broken === null ? done() : failed(broken)), SETTLE_MS);
      });
    },
    end: () => {
      broken ??= new Error('it is closed');
      socket.close();
    },
  };
  try {
    await within<void>(CONNECT_WITHIN_MS, signal, 'it was not connected', (done, failed) => {
      socket.once('connect', () => done());
      socket.once('error', failed);
      socket.connect(port, address);
    });
  } catch (error) {
    socket.close();
    throw error;
  }
  return wire;
}
