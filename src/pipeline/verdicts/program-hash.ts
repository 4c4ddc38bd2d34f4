import { createHash, type Hash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IS_BUILT, PROGRAMS } from '../../domain/index.ts';

const FOLDER = fileURLToPath(PROGRAMS);
/** What has a part in what is said of a content; of what is built, where rooms are mixed, all. */
const ROOMS = IS_BUILT
  ? ['.']
  : ['analyze', 'bytes', 'domain', 'identify', 'intake', 'pipeline', 'unpack', 'services/yara-scanner'];
const CHUNK_BYTES = 256 * 1024;

/**
 * Of the code that examines, and of what it depends on: analyzers, unpackers and identification in one. Nobody has to think of
 * raising a number, and what another version said is asked again. As long as all of its files have the metadata of the last time,
 * `remembered` says what they came to; reading all of them is a tenth of a scan of which nothing has changed.
 */
export function programHash(remembered: (stamp: string, read: () => string) => string): string {
  const files = ROOMS.flatMap(filesOf);
  files.push({ name: 'package.json', path: join(dirname(FOLDER), 'package.json') });
  const stamp = createHash('sha256').update(RUNTIME);
  for (const { name, path } of files) {
    const { dev, ino, size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
    stamp.update(`${name}\0${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}\n`);
  }
  return remembered(stamp.digest('hex'), () => contentHash(files));
}

const RUNTIME = `${process.version} ${process.platform} ${process.arch}`;

interface ProgramFile {
  readonly name: string;
  readonly path: string;
}

function filesOf(room: string): ProgramFile[] {
  const folder = join(FOLDER, room);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|js)$/.test(file) && !/\.(test|d)\.ts$/.test(file))
    .toSorted()
    .map((file) => ({ name: `${room}/${file}`, path: join(folder, file) }));
}

function contentHash(files: readonly ProgramFile[]): string {
  const hash = createHash('sha256').update(RUNTIME);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (const { name, path } of files) {
    hash.update(`${name}\0`);
    addFile(hash, path, chunk);
  }
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
