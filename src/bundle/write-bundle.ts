import { createHash, type KeyObject } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { writeAll } from '../bytes/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import {
  BUNDLE_SCHEMA,
  MAX_FILE_BYTES,
  MAX_FILES,
  MAX_TOTAL_BYTES,
  partOf,
  type BundledFile,
  type Manifest,
} from './manifest.ts';
import { signManifest } from './signature.ts';
import { BLOCK, padding, tarHeader } from './tar-header.ts';

/** A file that goes into a bundle. */
export interface BundleSource {
  /** Where it lies. */
  readonly from: string;
  /** Where it lies in the bundle. */
  readonly path: string;
}

export interface NewBundle {
  readonly output: string;
  readonly sources: readonly BundleSource[];
  readonly key: KeyObject;
  readonly serial: number;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly made_by: string;
  readonly note: string;
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * Writes a bundle, there whole or not at all, and resolves to its manifest. Files are read twice, once for their sums and once
 * to be copied, and never held. Throws BL_USAGE for a source, BL_OUTPUT.
 */
export async function writeBundle(bundle: NewBundle): Promise<Manifest> {
  const files = await describe(bundle.sources);
  const { serial, created_at, expires_at, made_by, note } = bundle;
  const manifest: Manifest = {
    schema: BUNDLE_SCHEMA,
    serial,
    created_at: created_at.toISOString(),
    expires_at: expires_at.toISOString(),
    made_by,
    note,
    files,
  };
  const bytes = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
  const draft = `${bundle.output}.${process.pid}.draft`;
  const handle = await outputOf(draft, bundle.output);
  try {
    const tar = new Tar(handle);
    await tar.small('manifest.json', bytes);
    await tar.small('manifest.sig', signManifest(bytes, bundle.key));
    for (const [index, file] of files.entries()) await tar.file(file, bundle.sources[index]?.from ?? '');
    await tar.end();
    await handle.sync();
    await handle.close();
    await rename(draft, bundle.output);
    return manifest;
  } catch (error) {
    await handle.close().catch(() => undefined); // Closed already.
    await rm(draft, { force: true });
    throw error;
  }
}

async function outputOf(draft: string, output: string): Promise<FileHandle> {
  try {
    return await open(draft, 'wx', 0o644);
  } catch (cause) {
    throw new BackupLensError('BL_OUTPUT', `${output} cannot be written: ${inWords(cause)}`, { cause });
  }
}

async function describe(sources: readonly BundleSource[]): Promise<BundledFile[]> {
  if (sources.length > MAX_FILES) throw unfit('', `more than ${MAX_FILES} files`);
  const files: BundledFile[] = [];
  let total = 0;
  const seen = new Set<string>();
  for (const { from, path } of sources) {
    if (partOf(path) === null) throw unfit(from, `a bundle cannot hold it as ${path}`);
    if (seen.has(path.toLowerCase())) throw unfit(from, `another file is to be ${path} as well`);
    seen.add(path.toLowerCase());
    const file = await measure(from, path);
    total += file.size;
    if (total > MAX_TOTAL_BYTES)
      throw unfit(from, `all files together have more than ${MAX_TOTAL_BYTES} bytes`);
    files.push(file);
  }
  return files;
}

async function measure(from: string, path: string): Promise<BundledFile> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of chunksOf(from)) {
    hash.update(chunk);
    size += chunk.length;
    if (size > MAX_FILE_BYTES) throw unfit(from, `more than ${MAX_FILE_BYTES} bytes`);
  }
  return { path, size, sha256: hash.digest('hex') };
}

function unfit(from: string, why: string): BackupLensError {
  return new BackupLensError('BL_USAGE', from === '' ? why : `${from}: ${why}`);
}

/** The buffer is the caller's until the next chunk. */
async function* chunksOf(from: string): AsyncGenerator<Buffer, void, undefined> {
  let handle: FileHandle;
  try {
    handle = await open(from, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new BackupLensError('BL_USAGE', `${from}: cannot be read: ${inWords(cause)}`, { cause });
  }
  try {
    if (!(await handle.stat()).isFile()) throw unfit(from, 'not a regular file');
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

class Tar {
  readonly #handle: FileHandle;
  #end = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async small(path: string, bytes: Buffer): Promise<void> {
    await this.#write(tarHeader(path, bytes.length));
    await this.#write(bytes);
    await this.#write(Buffer.alloc(padding(bytes.length)));
  }

  async file({ path, size, sha256 }: BundledFile, from: string): Promise<void> {
    await this.#write(tarHeader(path, size));
    const hash = createHash('sha256');
    for await (const chunk of chunksOf(from)) {
      hash.update(chunk);
      await this.#write(chunk);
    }
    if (hash.digest('hex') !== sha256) throw unfit(from, 'it changed while the bundle was made');
    await this.#write(Buffer.alloc(padding(size)));
  }

  async end(): Promise<void> {
    await this.#write(Buffer.alloc(2 * BLOCK));
  }

  async #write(bytes: Buffer): Promise<void> {
    await writeAll(this.#handle, bytes, this.#end);
    this.#end += bytes.length;
  }
}
