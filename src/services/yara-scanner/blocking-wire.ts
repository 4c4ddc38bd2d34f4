import { readSync, writeSync } from 'node:fs';
import { HEADER_BYTES, header } from './engine-wire.ts';

/** The socket pair to the front. It is a blocking one, and its end means that the front is gone. */
const FRONT_FD = 3;

const head = Buffer.alloc(HEADER_BYTES);
const NONE = Buffer.alloc(0);

export interface Message {
  readonly kind: number;
  /** Valid until the next message, like the payload. */
  readonly about: Buffer;
  readonly payload: Buffer;
}

/** The next message; null when the front is gone. `buffers` gives room for both parts, or throws for too much. */
export function receive(
  buffers: (kind: number, about: number, payload: number) => readonly [Buffer, Buffer],
): Message | null {
  if (!fill(head)) return null;
  const kind = head.readUInt8(0);
  const [about, payload] = buffers(kind, head.readUInt32LE(1), head.readUInt32LE(5));
  return fill(about) && fill(payload) ? { kind, about, payload } : null;
}

export function send(kind: number, payload: Buffer, about: Buffer = NONE): void {
  write(Buffer.concat([header(kind, about.length, payload.length), about]));
  write(payload);
}

function fill(target: Buffer): boolean {
  for (let filled = 0; filled < target.length;) {
    const got = readSync(FRONT_FD, target, filled, target.length - filled, null);
    if (got === 0) return false;
    filled += got;
  }
  return true;
}

function write(bytes: Buffer): void {
  for (let sent = 0; sent < bytes.length;) sent += writeSync(FRONT_FD, bytes, sent);
}
