import { isNonce } from '../../analyze/yara/load-engine.ts';
import type { YaraFileIdentity, YaraSharedWindow } from '../../contracts/index.ts';
import { HttpError } from '../../http/index.ts';
import { MAX_WINDOW_BYTES } from './engine-wire.ts';

const DECIMAL = /^-?\d{1,20}$/;

export type Fields = { readonly [key in keyof YaraSharedWindow]?: unknown };

/** What a contracts `YaraSharedWindow` says beside the path. */
export interface SharedWindow {
  readonly offset: number;
  readonly length: number;
  readonly nonce: string;
  readonly identity: YaraFileIdentity;
}

/** Throws 400 for anything else. */
export function sharedWindowRequest(fields: Fields): SharedWindow {
  const { offset, length, nonce, ino, size, mtime_ns, ctime_ns } = fields;
  if (!isSize(offset) || !isSize(length) || !isSize(size) || offset + length > size) {
    throw bad('offset, length and size have to be sizes, and the part within the file');
  }
  if (length > MAX_WINDOW_BYTES) throw bad(`length may be ${MAX_WINDOW_BYTES} at most`);
  if (!isDecimal(ino) || !isDecimal(mtime_ns) || !isDecimal(ctime_ns)) {
    throw bad('ino, mtime_ns and ctime_ns have to be decimal text');
  }
  if (!isNonce(nonce)) throw bad('nonce has to be 32 hexadecimal digits');
  return { offset, length, nonce, identity: { ino, size, mtime_ns, ctime_ns } };
}

/** A JSON object from a raw body. Throws 400. */
export function fieldsOf(body: unknown): Fields {
  let value: unknown;
  try {
    value = Buffer.isBuffer(body) ? JSON.parse(body.toString()) : undefined;
  } catch {
    throw bad('the body is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw bad('the body has to be a JSON object');
  return value;
}

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && DECIMAL.test(value);
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function bad(message: string): HttpError {
  return new HttpError(400, message, 'bad_request');
}
