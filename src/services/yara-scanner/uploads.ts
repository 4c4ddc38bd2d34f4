import { open, realpath, type FileHandle } from 'node:fs/promises';
import { constants } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import multipart from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import type { Scratch, ScratchFile } from '../../bytes/index.ts';
import { HttpError, type Server } from '../../http/index.ts';
import type { EnginePool } from './engine-pool.ts';
import { MAX_INLINE_BYTES, type FileIdentity } from './engine-wire.ts';
import { bodyOf, JSON_TYPE, needRules } from './scan-answers.ts';
import { scanWhole } from './scan-whole.ts';
import { jsonObject } from './window-request.ts';

export interface UploadOptions {
  readonly pool: EnginePool;
  readonly scanRoots: readonly string[];
  readonly maxUploadBytes: number;
  readonly scratch: Scratch;
}

/** The public forms of `/scan` (multipart field `file`, or raw bytes) and `/scan-file` (a path below the roots). */
export async function addUploads(app: Server, options: UploadOptions): Promise<void> {
  const { pool, maxUploadBytes, scratch } = options;
  const roots = await realRoots(options.scanRoots);

  await app.register(async (scan) => {
    const limits = { fileSize: maxUploadBytes, files: 1, fields: 20, parts: 21, headerPairs: 50 };
    await scan.register(multipart, { limits });
    scan.post('/scan', async (request, reply) => {
      const upload = Buffer.isBuffer(request.body)
        ? { bytes: request.body, file: null }
        : await receive(request, scratch);
      try {
        await needRules(pool);
        const body =
          upload.file === null
            ? bodyOf(await pool.scanBytes(upload.bytes))
            : await scanWhole(pool, upload.file.path, await identityOf(upload.file.handle));
        return await reply.type(JSON_TYPE).send(body);
      } finally {
        await upload.file?.remove();
      }
    });
  });

  await app.register(async (files) => {
    files.removeAllContentTypeParsers();
    files.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    files.post('/scan-file', async (request, reply) => {
      const { path } = jsonObject(request.body);
      if (typeof path !== 'string' || path === '' || path.includes('\0')) {
        throw new HttpError(400, 'path has to be the text of a path', 'bad_request');
      }
      const { real, identity } = await below(roots, path);
      await needRules(pool);
      return reply.type(JSON_TYPE).send(await scanWhole(pool, real, identity));
    });
  });
}

/** `bytes` when it is small, else `file`. */
type Upload = { readonly bytes: Buffer; readonly file: ScratchFile | null };

/** The multipart field `file`. Throws 400 without one, 413 past the limit. */
async function receive(request: FastifyRequest, scratch: Scratch): Promise<Upload> {
  if (!request.isMultipart()) throw noFile();
  for await (const part of request.parts()) {
    if (part.type !== 'file') continue;
    if (part.fieldname !== 'file') throw noFile();
    return store(part.file, scratch);
  }
  throw noFile();
}

async function store(
  stream: AsyncIterable<Buffer> & { readonly truncated: boolean },
  scratch: Scratch,
): Promise<Upload> {
  let parts: Buffer[] = [];
  let length = 0;
  let file: ScratchFile | null = null;
  try {
    for await (const chunk of stream) {
      parts.push(chunk);
      length += chunk.length;
      if (length <= MAX_INLINE_BYTES) continue;
      file ??= await scratch.file();
      for (const part of parts) await file.handle.appendFile(part);
      parts = [];
    }
    // The multipart parser only stops: what is cut short must not pass for the whole.
    if (stream.truncated) throw new HttpError(413, 'the upload is too large', 'bad_request');
    return { bytes: Buffer.concat(parts), file };
  } catch (error) {
    await file?.remove();
    throw error;
  }
}

function noFile(): HttpError {
  return new HttpError(400, 'send a multipart field named file', 'bad_request');
}

/** Roots that do not exist yet allow nothing. */
async function realRoots(roots: readonly string[]): Promise<readonly string[]> {
  const real = await Promise.all(roots.map((root) => realpath(root).catch(() => null)));
  return real.filter((root) => root !== null);
}

/**
 * What a path really is, once its links are resolved: 403 outside of the roots whether it exists or not, 404 for
 * nothing, 400 for anything but a regular file.
 */
async function below(
  roots: readonly string[],
  path: string,
): Promise<{ readonly real: string; readonly identity: FileIdentity }> {
  const inside = (candidate: string): boolean =>
    roots.some((root) => candidate === root || candidate.startsWith(root === sep ? sep : root + sep));
  const real = await realOf(path);
  if (!inside(real)) throw new HttpError(403, 'outside of what may be scanned', 'not_allowed');
  let handle: FileHandle;
  try {
    handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    throw new HttpError(404, 'no such file, or it cannot be read', 'not_found');
  }
  try {
    if (!(await handle.stat()).isFile()) throw new HttpError(400, 'not a regular file', 'bad_request');
    return { real, identity: await identityOf(handle) };
  } finally {
    await handle.close();
  }
}

/** The path without links; of one that does not exist, as far as it does. */
async function realOf(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(await realOf(parent), basename(absolute));
  }
}

async function identityOf(handle: FileHandle): Promise<FileIdentity> {
  const { dev, ino, size } = await handle.stat({ bigint: true });
  return { dev: String(dev), ino: String(ino), size: Number(size) };
}
