import type { Externals } from '../../analyze/yara/load-engine.ts';
import { HttpError } from '../../http/index.ts';
import { MAX_WINDOW_BYTES, type FileWindow } from './engine-wire.ts';

const FD_PATH = /^\/proc\/\d+\/fd\/\d+$/;

/** A contracts `YaraWindow` out of a request's body. Throws 400 for anything else. */
export function scanWindowRequest(body: unknown, about: Externals): FileWindow {
  const value = jsonObject(body);
  const { path, offset, length, dev, ino, size } = value;
  if (typeof path !== 'string' || path.length === 0 || path.includes('\0')) throw bad('path has to be text');
  if (!isSize(offset) || !isSize(length) || !isSize(size))
    throw bad('offset, length and size have to be sizes');
  if (length > MAX_WINDOW_BYTES) throw bad(`length may be ${MAX_WINDOW_BYTES} at most`);
  if (typeof dev !== 'string' || typeof ino !== 'string') throw bad('dev and ino have to be decimal text');
  return { path, offset, length, identity: { dev, ino, size }, followLink: FD_PATH.test(path), about };
}

/** A JSON object from a raw body. Throws 400. */
export function jsonObject(
  body: unknown,
): Readonly<Record<'path' | 'offset' | 'length' | 'dev' | 'ino' | 'size', unknown>> {
  let value: unknown;
  try {
    value = Buffer.isBuffer(body) ? JSON.parse(body.toString()) : undefined;
  } catch {
    throw bad('the body is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw bad('the body has to be a JSON object');
  return {
    path: undefined,
    offset: undefined,
    length: undefined,
    dev: undefined,
    ino: undefined,
    size: undefined,
    ...value,
  };
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function bad(message: string): HttpError {
  return new HttpError(400, message, 'bad_request');
}
