import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import {
  ASKED,
  FrameReader,
  frameParts,
  gathered,
  joined,
  MAX_ABOUT_BYTES,
  MAX_SENT_BYTES,
  SAID,
  type Externals,
  type Frame,
} from '../../analyze/yara/load-engine.ts';
import type { YaraError } from '../../contracts/index.ts';
import type { EnginePool } from './engine-pool.ts';
import { externalsIn } from './externals-in.ts';
import { healthOf } from './health.ts';
import { nothingToScanWith } from './nothing-to-scan-with.ts';
import { privateWindow } from './private-window.ts';
import { failed, type ScanAnswer } from './scan-question.ts';

/** sockaddr_un on Linux; a longer path would be cut short silently, and lie somewhere else. */
const MAX_SOCKET_PATH = 107;
/** One a scan worker, and the parent's questions. */
const MAX_CONNECTIONS = 64;
/** Of artifacts that have come and are not answered, over all connections: many times what engines take at a time. */
const MAX_HELD_BYTES = 256 * 1024 * 1024;

export interface PrivateOptions {
  readonly pool: EnginePool;
  readonly rulesDir: string;
  /** What the parent alone has told this process. */
  readonly secret: Promise<string>;
}

/** Answers its own parent and the parent's scan workers over a Unix socket: see frames.ts. */
export class PrivateServer {
  readonly #options: PrivateOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #held = 0;

  constructor(options: PrivateOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#take(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Only our user can open it. Rejects with what the system says. */
  async listen(path: string): Promise<void> {
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH) throw new RangeError('the path of the socket is too long');
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, resolve);
    });
    await chmod(path, 0o600);
  }

  /** What the pool was asked has been answered before, or is not any more. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const reader = new FrameReader({ aboutBytes: MAX_ABOUT_BYTES, payloadBytes: MAX_SENT_BYTES });
    let waiting: Buffer[] = [];
    const send = (): void => {
      const parts = gathered(waiting);
      waiting = [];
      if (!socket.writable) return;
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
    };
    const say = (id: number, answer: ScanAnswer): void => {
      if (waiting.length === 0) setImmediate(send);
      const [kind, body] = answer.ok ? [SAID.found, answer.body] : [SAID.refused, errorOf(answer)];
      waiting.push(...frameParts(kind, id, NOTHING, body));
    };
    socket.on('data', (piece: Buffer) => {
      try {
        for (const frame of reader.read(piece)) {
          void this.#answerTo(frame).then((answer) => say(frame.id, answer));
        }
      } catch {
        // Whoever sends that is none of ours, or not any more.
        socket.destroy();
      }
    });
  }

  async #answerTo(frame: Frame): Promise<ScanAnswer> {
    const { pool, rulesDir, secret } = this.#options;
    const bytes = frame.payload.reduce((sum, { length }) => sum + length, 0);
    if (this.#held + bytes > MAX_HELD_BYTES) return failed('busy', 'too many bodies at a time');
    this.#held += bytes;
    try {
      await pool.ready();
      if (frame.kind === ASKED.health) {
        const health = { ...healthOf(pool, rulesDir), nonce: await secret };
        return { ok: true, body: Buffer.from(JSON.stringify(health)), rules: '' };
      }
      return nothingToScanWith(pool) ?? (await this.#scan(frame));
    } finally {
      this.#held -= bytes;
    }
  }

  #scan({ kind, about, payload }: Frame): Promise<ScanAnswer> | ScanAnswer {
    const { pool } = this.#options;
    // Hardly any rule asks.
    const told: Externals | null =
      pool.state().reads.length === 0 || about.length === 0 ? {} : externalsIn(about.toString());
    if (told === null) return failed('bad_request', 'what is told of an artifact has to be JSON');
    if (kind === ASKED.bytes) return pool.scanBytes(payload, told);
    const window = kind === ASKED.window ? privateWindow(joined(payload).toString(), told) : null;
    return window === null ? failed('bad_request', 'this is no question') : pool.scanWindow(window);
  }
}

function errorOf({ message, code }: Extract<ScanAnswer, { readonly ok: false }>): Buffer {
  return Buffer.from(JSON.stringify({ error: message, code } satisfies YaraError));
}

const NOTHING = Buffer.alloc(0);
