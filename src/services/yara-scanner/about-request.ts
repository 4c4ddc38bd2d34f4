import type { IncomingHttpHeaders } from 'node:http';
import { ABOUT_HEADER, extensionOf, type Externals } from '../../analyze/yara/load-engine.ts';
import { HttpError } from '../../http/index.ts';
import { externalsIn } from './externals-in.ts';

const MAX_HEADER_CHARS = 14 * 1024;
const MAX_CHARS = 4096;

/** What the asker says of the artifact; null when nothing. Throws 400 for what is no such header. */
export function aboutInHeaders(headers: IncomingHttpHeaders): Externals | null {
  const header = headers[ABOUT_HEADER];
  if (header === undefined) return null;
  const fits = typeof header === 'string' && header.length <= MAX_HEADER_CHARS;
  const about = fits ? externalsIn(Buffer.from(header, 'base64').toString()) : null;
  if (about === null) throw new HttpError(400, `${ABOUT_HEADER} has to be JSON in base64`, 'bad_request');
  return about;
}

/** What a path or an upload's name tells by itself. */
export function aboutPath(path: string): Externals {
  const filename = path.replace(/^.*[/\\]/s, '').slice(0, MAX_CHARS);
  return { filename, filepath: path.slice(0, MAX_CHARS), extension: extensionOf(filename) };
}
