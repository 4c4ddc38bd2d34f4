/**
 * What our own processes say to the yara-scanner that we started, and it to them, on its private Unix socket: frames of one byte
 * of kind, a number that the answer bears again, the length of what is about it and that of the payload (four bytes
 * each, little-endian), then both. Many are on their way at a time, and are answered in any order.
 */
const FRAME_HEAD_BYTES = 13;

/** `bytes`: the payload is the artifact. `window`: it is a contracts `YaraWindow` as JSON. `about`: JSON, see about.ts. */
export const ASKED = { bytes: 1, window: 2, health: 3 } as const;

/** JSON: a contracts `YaraScanReply` or `YaraHealth`; or a `YaraError`. */
export const SAID = { found: 1, refused: 2 } as const;

/** Of a question. */
export const MAX_ABOUT_BYTES = 16 * 1024;
export const MAX_SENT_BYTES = 1024 * 1024;

export interface Frame {
  readonly kind: number;
  readonly id: number;
  readonly about: Buffer;
  /** In pieces, as they came: putting them together would copy each once more. */
  readonly payload: readonly Buffer[];
}

export interface FrameLimits {
  readonly aboutBytes: number;
  readonly payloadBytes: number;
}

/** As parts for `gathered`. */
export function frameParts(kind: number, id: number, about: Buffer, payload: Buffer): Buffer[] {
  const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  head.writeUInt8(kind, 0);
  head.writeUInt32LE(id, 1);
  head.writeUInt32LE(about.length, 5);
  head.writeUInt32LE(payload.length, 9);
  return [head, about, payload];
}

/** Puts frames together again, from whatever pieces a socket gives. */
export class FrameReader {
  readonly #limits: FrameLimits;
  #pieces: Buffer[] = [];
  #length = 0;
  #head: {
    readonly kind: number;
    readonly id: number;
    readonly about: number;
    readonly payload: number;
  } | null = null;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** What is complete with this piece, which is the reader's from now on. Throws RangeError for what is too long. */
  read(piece: Buffer): Frame[] {
    const frames: Frame[] = [];
    this.#pieces.push(piece);
    this.#length += piece.length;
    for (;;) {
      this.#head ??= this.#takeHead();
      if (this.#head === null) return frames;
      const { kind, id, about, payload } = this.#head;
      if (this.#length < about + payload) return frames;
      frames.push({ kind, id, about: joined(this.#take(about)), payload: this.#take(payload) });
      this.#head = null;
    }
  }

  #takeHead() {
    if (this.#length < FRAME_HEAD_BYTES) return null;
    const head = joined(this.#take(FRAME_HEAD_BYTES));
    const about = head.readUInt32LE(5);
    const payload = head.readUInt32LE(9);
    const { aboutBytes, payloadBytes } = this.#limits;
    if (about > aboutBytes || payload > payloadBytes) throw new RangeError('a frame is too long');
    return { kind: head.readUInt8(0), id: head.readUInt32LE(1), about, payload };
  }

  /** The first `length` bytes, which are there. */
  #take(length: number): Buffer[] {
    let whole = 0;
    let left = length;
    for (
      let piece = this.#pieces[0];
      piece !== undefined && piece.length <= left;
      piece = this.#pieces[whole]
    ) {
      left -= piece.length;
      whole++;
    }
    const taken = this.#pieces.splice(0, whole);
    const [next] = this.#pieces;
    if (left > 0 && next !== undefined) {
      taken.push(next.subarray(0, left));
      this.#pieces[0] = next.subarray(left);
    }
    this.#length -= length;
    return taken;
  }
}

/** A copy only where it came in several pieces. */
export function joined(pieces: readonly Buffer[]): Buffer {
  const [first = NOTHING] = pieces;
  return pieces.length > 1 ? Buffer.concat(pieces) : first;
}

/** Above this, a part goes out as it is; below, a copy costs less than one more part of a system call, in bytes. */
const COPIED_BYTES = 8 * 1024;
/** A Unix socket takes 208 KiB at once (Linux). */
const GATHERED_BYTES = 128 * 1024;

/** The same bytes in as few parts as are worth it, so that many small frames leave in one system call. */
export function gathered(parts: readonly Buffer[]): Buffer[] {
  const out: Buffer[] = [];
  let small: Buffer[] = [];
  let length = 0;
  const close = (): void => {
    if (length > 0) out.push(small.length === 1 ? joined(small) : Buffer.concat(small, length));
    small = [];
    length = 0;
  };
  for (const part of parts) {
    if (part.length > COPIED_BYTES) {
      close();
      out.push(part);
      continue;
    }
    if (length + part.length > GATHERED_BYTES) close();
    small.push(part);
    length += part.length;
  }
  close();
  return out;
}

const NOTHING = Buffer.alloc(0);
