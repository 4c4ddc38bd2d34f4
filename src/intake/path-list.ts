import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { BackupLensError, inWords } from '../domain/index.ts';

/** Linux allows 4,096 bytes for a path; a longer line is not a list of paths. */
const MAX_PATH_BYTES = 64 * 1024;

/**
 * Paths from `--files-from`: one a line, or separated by NUL bytes when the first chunk holds one (as `find -print0`
 * writes them). Empty lines are left out. Throws BL_USAGE.
 */
export async function* pathList(file: string, stdin: Readable): AsyncGenerator<Buffer, void, undefined> {
  const stream: AsyncIterable<Buffer> = file === '-' ? stdin : createReadStream(file);
  let rest: Buffer = Buffer.alloc(0);
  let separator: number | null = null;
  try {
    for await (const chunk of stream) {
      separator ??= chunk.includes(0) ? 0 : 0x0a;
      let bytes = Buffer.concat([rest, chunk]);
      for (let end = bytes.indexOf(separator); end !== -1; end = bytes.indexOf(separator)) {
        if (end > 0) yield bytes.subarray(0, end);
        bytes = bytes.subarray(end + 1);
      }
      if (bytes.length > MAX_PATH_BYTES) {
        throw new BackupLensError(
          'BL_USAGE',
          `--files-from ${file}: a line is longer than ${MAX_PATH_BYTES} bytes`,
        );
      }
      rest = Buffer.from(bytes);
    }
  } catch (cause) {
    if (cause instanceof BackupLensError) throw cause;
    throw new BackupLensError('BL_USAGE', `--files-from ${file}: ${inWords(cause)}`, {
      hint: 'name a file with one path a line, or - for standard input',
      cause,
    });
  }
  if (rest.length > 0) yield rest;
}
