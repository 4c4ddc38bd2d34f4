import { createCipheriv, createHash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { seeded } from '../test/kit/seeded.ts';

const WORDS =
  'backup restore invoice customer total report server error warning select insert value null the of and'.split(
    ' ',
  );

function text(random: () => number, length: number): Buffer {
  const parts: string[] = [];
  for (let size = 0; size < length;) {
    const word = WORDS[Math.floor(random() * WORDS.length)] ?? '';
    const part = random() < 0.1 ? `${word} ${Math.floor(random() * 1e6)}\n` : `${word} `;
    parts.push(part);
    size += part.length;
  }
  return Buffer.from(parts.join('').slice(0, length));
}

function noise(random: () => number, length: number): Buffer {
  const key = createHash('sha256').update(String(random())).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Something like machine code or records: neither text nor noise. */
function records(random: () => number, length: number): Buffer {
  const bytes = noise(random, length);
  for (let at = 0; at < length; at++) if ((at & 7) > 2) bytes[at] = (bytes[at] ?? 0) & 0x0f;
  return bytes;
}

/** Text, records or something compressed, as often as in a home folder. */
export function sampleBytes(random: () => number, length: number): Buffer {
  const kind = random();
  if (kind < 0.6) return text(random, length);
  return kind < 0.85 ? records(random, length) : noise(random, length);
}

interface File {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Sizes as in a home folder: many small, few large (log-uniform from 200 bytes to 8 MiB). */
function* files(random: () => number, totalBytes: number): Generator<File> {
  for (let at = 0, sum = 0; sum < totalBytes; at++) {
    const length = Math.floor(200 * ((8 * 2 ** 20) / 200) ** (random() ** 1.6));
    const kind = random();
    const folder = `d${Math.floor(random() * 40)}`;
    if (kind < 0.6) yield { name: `${folder}/f${at}.txt`, bytes: text(random, length) };
    else if (kind < 0.85) yield { name: `${folder}/f${at}.bin`, bytes: records(random, length) };
    else yield { name: `${folder}/f${at}.gz`, bytes: gzipSync(text(random, length)) };
    sum += length;
  }
}

async function tar(members: readonly File[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, bytes } of members) archive.entry({ name, mtime: new Date(0) }, bytes);
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

/** Mixed files; `archived` of their bytes come in archives (tar.gz and tar.zst) of about 4 MiB each. */
export async function mixedCorpus(
  folder: string,
  options: { seed: number; totalBytes: number; archived: number },
): Promise<{ files: number; bytes: number }> {
  const random = seeded(options.seed);
  let count = 0;
  let total = 0;
  const write = (name: string, bytes: Buffer): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
    count++;
    total += bytes.length;
  };
  let waiting: File[] = [];
  let waitingBytes = 0;
  const archive = async (): Promise<void> => {
    const bytes = await tar(waiting);
    if (random() < 0.5) write(`archives/a${count}.tar.gz`, gzipSync(bytes));
    else write(`archives/a${count}.tar.zst`, zstdCompressSync(bytes));
    waiting = [];
    waitingBytes = 0;
  };
  for (const file of files(random, options.totalBytes)) {
    if (random() < options.archived && file.bytes.length < 2 ** 21) {
      waiting.push(file);
      waitingBytes += file.bytes.length;
      if (waitingBytes > 4 * 2 ** 20) await archive();
    } else write(file.name, file.bytes);
  }
  if (waiting.length > 0) await archive();
  return { files: count, bytes: total };
}

/** Many small files, for what a file costs. */
export function smallFiles(folder: string, count: number, seed: number): void {
  const random = seeded(seed);
  for (let at = 0; at < count; at++) {
    const path = join(folder, `s${at % 100}`, `f${at}.txt`);
    if (at < 100) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text(random, 200 + Math.floor(random() * 8000)));
  }
}

/** A file with nothing but a hole in it. */
export function sparseFile(path: string, bytes: number): void {
  const descriptor = openSync(path, 'w');
  ftruncateSync(descriptor, bytes);
  closeSync(descriptor);
}
