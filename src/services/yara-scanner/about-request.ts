import type { IncomingHttpHeaders } from 'node:http';
import { ABOUT_HEADER, extensionOf, type Externals } from '../../analyze/yara/load-engine.ts';
import { HttpError } from '../../http/index.ts';

const MAX_HEADER_CHARS = 14 * 1024;
const MAX_CHARS = 4096;
const NAMES = ['filename', 'filepath', 'extension', 'filetype', 'owner'] as const;

/** What the asker says of the artifact; null when nothing. Throws 400 for what is no such header. */
export function aboutInHeaders(headers: IncomingHttpHeaders): Externals | null {
  const header = headers[ABOUT_HEADER];
  if (header === undefined) return null;
  const bad = new HttpError(400, `${ABOUT_HEADER} has to be JSON in base64`, 'bad_request');
  if (typeof header !== 'string' || header.length > MAX_HEADER_CHARS) throw bad;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(header, 'base64').toString());
  } catch {
    throw bad;
  }
  if (typeof value !== 'object' || value === null) throw bad;
  const given: Readonly<Record<string, unknown>> = { ...value };
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const text = given[name];
      return typeof text === 'string' ? [[name, text.slice(0, MAX_CHARS)]] : [];
    }),
  );
}

/** What a path or an upload's name tells by itself. */
export function aboutPath(path: string): Externals {
  const filename = path.replace(/^.*[/\\]/s, '').slice(0, MAX_CHARS);
  return { filename, filepath: path.slice(0, MAX_CHARS), extension: extensionOf(filename) };
}
