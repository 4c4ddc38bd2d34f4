import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of rooms, as sources or as built. */
const ROOMS_FOLDER = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** What has a part in what is said of a content. */
const ROOMS = [
  'analyze',
  'bytes',
  'domain',
  'identify',
  'intake',
  'pipeline',
  'unpack',
  'services/yara-scanner',
];
const CHUNK_BYTES = 256 * 1024;

/**
 * Of the code that examines, and of what it depends on: analyzers, unpackers and identification in one. Nobody has to think of
 * raising a number, and what another version said is asked again.
 */
export function programHash(): string {
  const hash = createHash('sha256').update(`${process.version} ${process.platform} ${process.arch}`);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (const room of ROOMS) {
    const folder = join(ROOMS_FOLDER, room);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const file of files.toSorted()) {
      if (!/\.(ts|js)$/.test(file) || /\.(test|d)\.ts$/.test(file)) continue;
      hash.update(`${room}/${file}\0`);
      addFile(hash, join(folder, file), chunk);
    }
  }
  addFile(hash, join(dirname(ROOMS_FOLDER), 'package.json'), chunk);
  return hash.digest('hex');
}

function addFile(hash: Hash, path: string, chunk: Buffer): void {
  const descriptor = openSync(path, 'r');
  try {
    for (;;) {
      const got = readSync(descriptor, chunk, 0, chunk.length, null);
      if (got === 0) return;
      hash.update(chunk.subarray(0, got));
    }
  } finally {
    closeSync(descriptor);
  }
}
