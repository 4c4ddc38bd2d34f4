import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { ClamdAddress } from '../../../src/analyze/clamav/index.ts';
import { joinSockets } from '../joined-sockets.ts';

/** What went past of the streams that begin with a mark. */
export interface StreamCounts {
  readonly begun: number;
  /** Of their contents, without what frames them. */
  readonly bytes: number;
  readonly answered: number;
  /** The most that were sent to their end, and not answered, at one moment. */
  readonly most: number;
}

/** A Unix socket before a clamd at which streams are counted (clamd(8), INSTREAM), and answers can be held back. */
export interface CountedLine {
  readonly address: ClamdAddress & { readonly kind: 'unix' };
  readonly counts: StreamCounts;
  /** From now on nobody hears that a stream of his was fit: whether of all of them, or only of those that are as long at least. */
  hold(fromBytes?: number): void;
  release(): void;
  close(): Promise<void>;
}

/** `mark`: what the streams begin with that are counted. */
export async function countedLine(path: string, clamd: string, mark: string): Promise<CountedLine> {
  const counts = { begun: 0, bytes: 0, answered: 0, most: 0 };
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  let holdsFrom = Infinity;
  let judged = 0;
  const server = createServer((near) => {
    const far = connect(clamd);
    joinSockets(near, far, sockets);
    const requests = new Requests(mark, {
      begun: () => counts.begun++,
      bytes: (more) => (counts.bytes += more),
      ended: () => (counts.most = Math.max(counts.most, ++judged)),
    });
    near.on('data', (bytes) => {
      requests.read(bytes);
      far.write(bytes);
    });
    let unread = '';
    far.on('data', (bytes) => {
      const answers = `${unread}${bytes.toString('latin1')}`.split('\0');
      unread = answers.pop() ?? '';
      for (const answer of answers) {
        const stream = /(?:^| )stream: /.test(answer) ? requests.answered(answer) : null;
        const give = (): void => {
          if (stream?.isMarked === true) {
            judged--;
            counts.answered++;
          }
          near.write(`${answer}\0`, 'latin1');
        };
        if (stream !== null && stream.bytes >= holdsFrom && answer.endsWith('OK')) held.push(give);
        else give();
      }
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    address: { kind: 'unix', path },
    counts,
    hold: (fromBytes = 0) => {
      holdsFrom = fromBytes;
    },
    release: () => {
      holdsFrom = Infinity;
      for (const give of held.splice(0)) give();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Stream {
  bytes: number;
  isMarked: boolean;
}

interface Heard {
  readonly begun: () => void;
  readonly bytes: (more: number) => void;
  readonly ended: () => void;
}

/** The requests of one connection, one after the other; in a session their answers bear their numbers. */
class Requests {
  readonly #mark: string;
  readonly #heard: Heard;
  /** By number. */
  readonly #streams = new Map<number, Stream>();
  #count = 0;
  #unread: Buffer = Buffer.alloc(0);
  #stream: Stream | null = null;
  /** Of the present chunk. */
  #left = 0;

  constructor(mark: string, heard: Heard) {
    this.#mark = mark;
    this.#heard = heard;
  }

  read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    while (this.#stream === null ? this.#command() : this.#chunk());
  }

  answered(answer: string): Stream | null {
    const number = Number(/^(\d+): /.exec(answer)?.[1] ?? this.#count);
    const stream = this.#streams.get(number) ?? null;
    this.#streams.delete(number);
    return stream;
  }

  #command(): boolean {
    const end = this.#unread.indexOf(0);
    if (end === -1) return false;
    const command = this.#unread.toString('latin1', 0, end);
    this.#unread = this.#unread.subarray(end + 1);
    if (command !== 'zIDSESSION') this.#count++;
    if (command === 'zINSTREAM') {
      this.#stream = { bytes: 0, isMarked: false };
      this.#streams.set(this.#count, this.#stream);
    }
    return true;
  }

  #chunk(): boolean {
    const stream = this.#stream;
    if (stream === null) return false;
    if (this.#left === 0) {
      if (this.#unread.length < 4) return false;
      this.#left = this.#unread.readUInt32BE();
      this.#unread = this.#unread.subarray(4);
      if (this.#left > 0) return true;
      if (stream.isMarked) this.#heard.ended();
      this.#stream = null;
      return true;
    }
    // Its beginning is wanted in one piece.
    if (this.#unread.length < Math.min(this.#left, this.#mark.length)) return false;
    const piece = this.#unread.subarray(0, this.#left);
    if (stream.bytes === 0) stream.isMarked = piece.toString('latin1').startsWith(this.#mark);
    if (stream.isMarked && stream.bytes === 0) this.#heard.begun();
    if (stream.isMarked) this.#heard.bytes(piece.length);
    stream.bytes += piece.length;
    this.#left -= piece.length;
    this.#unread = this.#unread.subarray(piece.length);
    return true;
  }
}
