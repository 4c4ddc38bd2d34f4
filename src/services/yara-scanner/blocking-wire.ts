import { readSync, writeSync } from 'node:fs';
import { HEADER_BYTES, header } from './engine-wire.ts';

/** The socket pair to the front. It is a blocking one, and its end means that the front is gone. */
const FRONT_FD = 3;
/** Read at once: many small questions. */
const INBOX_BYTES = 256 * 1024;
/** Answers that wait for others, in bytes; and how long the first of them does, in ms. */
const OUTBOX_BYTES = 64 * 1024;
const OUTBOX_MS = 5;

const head = Buffer.alloc(HEADER_BYTES);
const NONE = Buffer.alloc(0);
const inbox = Buffer.allocUnsafeSlow(INBOX_BYTES);
/** What has come and was not taken yet. */
let [start, end] = [0, 0];
let outbox: Buffer[] = [];
let outboxBytes = 0;
let outboxSince = 0;

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
  outbox.push(header(kind, about.length, payload.length), about, payload);
  flush();
}

/** Sends it with others, before the next wait for a question, or when the first of them has waited for long. */
export function sendSoon(kind: number, payload: Buffer): void {
  if (outbox.length === 0) outboxSince = performance.now();
  outbox.push(header(kind, 0, payload.length), payload);
  outboxBytes += payload.length;
  if (outboxBytes > OUTBOX_BYTES || performance.now() - outboxSince > OUTBOX_MS) flush();
}

function fill(target: Buffer): boolean {
  for (let filled = 0; filled < target.length;) {
    const copied = inbox.copy(target, filled, start, end);
    start += copied;
    filled += copied;
    const left = target.length - filled;
    if (left === 0) break;
    // Nobody may be waiting for an answer while we wait for a question.
    flush();
    if (left >= INBOX_BYTES) {
      const got = readSync(FRONT_FD, target, filled, left, null);
      if (got === 0) return false;
      filled += got;
    } else {
      start = 0;
      end = readSync(FRONT_FD, inbox, 0, INBOX_BYTES, null);
      if (end === 0) return false;
    }
  }
  return true;
}

function flush(): void {
  if (outbox.length === 0) return;
  const bytes = Buffer.concat(outbox);
  outbox = [];
  outboxBytes = 0;
  for (let sent = 0; sent < bytes.length;) sent += writeSync(FRONT_FD, bytes, sent);
}
