import type { YaraWindow } from '../../contracts/index.ts';
import type { Externals } from '../../analyze/yara/load-engine.ts';
import { MAX_WINDOW_BYTES, type FileWindow } from './engine-wire.ts';

const FD_PATH = /^\/proc\/\d+\/fd\/\d+$/;

/** A contracts `YaraWindow` out of what our own process sent, which may be taken over; null for anything else. */
export function privateWindow(json: string, about: Externals): FileWindow | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const fields: { readonly [key in keyof YaraWindow]?: unknown } = value;
  const { path, offset, length, dev, ino, size } = fields;
  if (typeof path !== 'string' || path.length === 0 || path.includes('\0')) return null;
  if (!isSize(offset) || !isSize(length) || !isSize(size) || length > MAX_WINDOW_BYTES) return null;
  if (typeof dev !== 'string' || typeof ino !== 'string') return null;
  return { path, offset, length, identity: { dev, ino, size }, followLink: FD_PATH.test(path), about };
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
