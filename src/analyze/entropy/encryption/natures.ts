import type { ContentType } from '../../../domain/index.ts';

/**
 * What noise means in content of a type. `plain`: it does not belong there. `document`: text that may have binary parts.
 * `packed`: compressed or encoded by nature: only structure, decoder or name can tell.
 */
export type Nature = 'plain' | 'program' | 'document' | 'packed' | 'unknown';

/**
 * Not `plain` in the table of types, since entropy may be high; but no block of them looks like a cipher's (measured). In
 * dumps of databases, four of the values in strings of bytes are written as two characters, and so are never as frequent.
 */
const NOISELESS: ReadonlySet<string> = new Set([
  'application/sql',
  'audio/x-wav',
  'audio/x-aiff',
  'audio/basic',
  'font/ttf',
  'font/otf',
  'image/bmp',
]);

/** Text in front, and pictures or fonts as bytes behind it. */
const WITH_BINARY_PARTS: ReadonlySet<string> = new Set([
  'application/postscript',
  'application/rtf',
  'application/x-shellscript-payload',
  'text/x-shellscript',
  'application/mbox',
  'message/rfc822',
  'text/x-yenc',
]);

const PROGRAM =
  /^application\/(?:x-(?:object|guile-object|executable|sharedlib|coredump|elf|mach-binary|dosexec|dex)|vnd\.microsoft\.portable-executable|wasm)$/;

export function natureOf({ mime, by, density, container }: ContentType): Nature {
  if (by === 'unknown' || by === 'libmagic') return 'unknown';
  if (container === 'ole') return 'document';
  if (WITH_BINARY_PARTS.has(mime)) return 'document';
  if (PROGRAM.test(mime)) return 'program';
  if (density === 'plain' || NOISELESS.has(mime)) return 'plain';
  return 'packed';
}

/** Sound, pictures, outlines, text, documents: no table of a check sum or a cipher is in them, as in programs and databases. */
export function isWithoutTables({ mime, by, container }: ContentType): boolean {
  return by === 'text' || container === 'ole' || NOISELESS.has(mime);
}
