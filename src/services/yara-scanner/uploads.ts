import type { FileHandle } from 'node:fs/promises';
import multipart from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import type { Scratch, ScratchFile } from '../../bytes/index.ts';
import {
  FORM_BYTES,
  formFile,
  formLimits,
  HttpError,
  limited,
  noFile,
  tooLarge,
  type FormFile,
  type Server,
} from '../../http/index.ts';
import { aboutInHeaders, aboutPath } from './about-request.ts';
import type { EnginePool } from './engine-pool.ts';
import { MAX_INLINE_BYTES } from './engine-wire.ts';
import { bodyOf, JSON_TYPE, needRules, scanBody } from './scan-answers.ts';
import { scanWhole } from './scan-whole.ts';
import type { UploadQuota } from './upload-quota.ts';

export interface UploadOptions {
  readonly pool: EnginePool;
  readonly maxUploadBytes: number;
  readonly quota: UploadQuota;
  readonly scratch: Scratch;
}

const BYTES = 'application/octet-stream';
/** Of scratch space, asked for at a time, at most. */
const HOLD_BYTES = 16 * 1024 * 1024;

/** The public form of `/scan`: the multipart field `file`, or a body that is the file. */
export async function addUploads(app: Server, options: UploadOptions): Promise<void> {
  const { pool, maxUploadBytes } = options;

  await app.register(async (scan) => {
    await scan.register(multipart, { limits: formLimits(maxUploadBytes) });
    // As it comes: Fastify would put all of it together first.
    scan.addContentTypeParser(BYTES, (_request, payload, done) => done(null, payload));
    scan.post('/scan', async (request, reply) => {
      const bytes = request.headers['content-type']?.startsWith(BYTES) === true;
      if (!bytes && !request.isMultipart()) throw noFile();
      const length = Number(request.headers['content-length'] ?? Number.NaN);
      if (bytes && length <= MAX_INLINE_BYTES && length <= maxUploadBytes) {
        return reply.type(JSON_TYPE).send(await scanBody(pool, request, MAX_INLINE_BYTES));
      }
      // Node lets what is still on its way run into nothing: a connection that is cut would hide the answer.
      if (Number(request.headers['content-length'] ?? 0) > maxUploadBytes + FORM_BYTES) throw tooLarge();
      return reply.type(JSON_TYPE).send(await scanUpload(request, bytes ? bytesOf : formFile, options));
    });
  });
}

/** The answer to a form with the field `file`. Throws 400 without one, 413 past the limit, 503 past the quota. */
async function scanUpload(
  request: FastifyRequest,
  partOf: (request: FastifyRequest, most: number) => Promise<FormFile>,
  options: UploadOptions,
): Promise<Buffer> {
  const { pool, quota, scratch, maxUploadBytes } = options;
  const upload = quota.begin();
  let stored: Stored | null = null;
  try {
    const { filename, stream } = await partOf(request, maxUploadBytes);
    const about = { ...aboutPath(filename), ...aboutInHeaders(request.headers) };
    const step = Math.min(HOLD_BYTES, maxUploadBytes);
    stored = await store(stream, scratch, { step, hold: (bytes) => upload.hold(bytes) });
    await needRules(pool);
    if (stored.file === null) return bodyOf(await pool.scanBytes(stored.pieces, about));
    const { path, handle } = stored.file;
    return await scanWhole(pool, { path, handle: handle satisfies FileHandle, about });
  } finally {
    await stored?.file?.remove();
    upload.release();
  }
}

/** A body that is the file. */
async function bytesOf({ raw }: FastifyRequest, most: number): Promise<FormFile> {
  // Not ended when it is too large: the answer goes back the same way.
  const stream: AsyncIterable<Buffer> = raw.iterator({ destroyOnReturn: false });
  return { filename: '', stream: limited(stream, most, () => false) };
}

/** `pieces` when it is small, else `file`. */
interface Stored {
  readonly pieces: readonly Buffer[];
  readonly file: ScratchFile | null;
}

async function store(
  stream: AsyncIterable<Buffer>,
  scratch: Scratch,
  { step, hold }: { readonly step: number; readonly hold: (bytes: number) => Promise<void> },
): Promise<Stored> {
  let parts: Buffer[] = [];
  let length = 0;
  /** Of it, not written yet. */
  let waiting = 0;
  let held = 0;
  let file: ScratchFile | null = null;
  try {
    for await (const chunk of stream) {
      parts.push(chunk);
      length += chunk.length;
      waiting += chunk.length;
      if (length <= MAX_INLINE_BYTES) continue;
      for (; held < length; held += step) await hold(step);
      // Each piece costs a turn through the thread pool.
      if (waiting <= MAX_INLINE_BYTES) continue;
      file ??= await scratch.file();
      await writeAll(file.handle, parts, waiting);
      waiting = 0;
      parts = [];
    }
    if (file === null) return { pieces: parts, file };
    await writeAll(file.handle, parts, waiting);
    return { pieces: [], file };
  } catch (error) {
    await file?.remove();
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
      throw new HttpError(503, 'the scratch folder is full', 'busy');
    }
    throw error;
  }
}

/** Appends. */
async function writeAll(handle: FileHandle, parts: readonly Buffer[], length: number): Promise<void> {
  if (length === 0) return;
  const { bytesWritten } = await handle.writev(parts);
  if (bytesWritten === length) return;
  // A disk that fills up takes what it can; the rest says why.
  await handle.appendFile(Buffer.concat(parts).subarray(bytesWritten));
}
