import { read } from 'node:fs';
import { promisify } from 'node:util';

/** Of an upload, read at a time. */
const CHUNK_BYTES = 1024 * 1024;
const BOUNDARY = 'backuplens-5b0c6a1e';
const PART_HEAD = Buffer.from(
  `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="artifact"\r\n` +
    'content-type: application/octet-stream\r\n\r\n',
);
const PART_TAIL = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);

/** The code of the error of a body that could not be read to its end. */
export const UNREADABLE = 'BACKUPLENS_UNREADABLE';

/** A request's body; what is not in memory is read again for a second attempt. */
export interface Content {
  readonly type: string;
  readonly body: Buffer | (() => AsyncGenerator<Buffer>);
  readonly length: number;
}

/** As they are where the scanner takes that, else as the field of a form, which costs twice as much. */
export function bytesContent(bytes: Buffer, asTheyAre: boolean): Content {
  return asTheyAre
    ? { type: BYTES, body: bytes, length: bytes.length }
    : inForm(Buffer.concat([PART_HEAD, bytes, PART_TAIL]), bytes.length);
}

/** A part of an open file, read while it is sent. */
export function fileContent(fd: number, offset: number, length: number, asTheyAre: boolean): Content {
  return asTheyAre
    ? { type: BYTES, body: () => contents(fd, offset, length), length }
    : inForm(() => form(fd, offset, length), length);
}

export function jsonContent(value: object): Content {
  const body = Buffer.from(JSON.stringify(value));
  return { type: 'application/json', body, length: body.length };
}

/** Fewer than `length` only at the end of the file. Rejects with what the system says. */
export async function readAt(fd: number, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await readFrom(fd, bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}

const BYTES = 'application/octet-stream';
const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;

const readFrom = promisify(read);

function inForm(body: Content['body'], fileBytes: number): Content {
  return { type: MULTIPART, body, length: PART_HEAD.length + fileBytes + PART_TAIL.length };
}

async function* form(fd: number, offset: number, length: number): AsyncGenerator<Buffer> {
  yield PART_HEAD;
  yield* contents(fd, offset, length);
  yield PART_TAIL;
}

async function* contents(fd: number, offset: number, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < length;) {
    const chunk = await readAt(fd, offset + at, Math.min(CHUNK_BYTES, length - at)).catch(() => null);
    if (chunk === null || chunk.length === 0) {
      throw Object.assign(new Error('became shorter'), { code: UNREADABLE });
    }
    at += chunk.length;
    yield chunk;
  }
}
