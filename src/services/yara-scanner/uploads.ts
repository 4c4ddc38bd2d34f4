import type { FileHandle } from 'node:fs/promises';
import multipart, { type MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import type { Scratch, ScratchFile } from '../../bytes/index.ts';
import { HttpError, type Server } from '../../http/index.ts';
import { aboutInHeaders, aboutPath } from './about-request.ts';
import type { EnginePool } from './engine-pool.ts';
import { MAX_INLINE_BYTES } from './engine-wire.ts';
import { openBelow, realRoots } from './scan-roots.ts';
import { bodyOf, JSON_TYPE, needRules } from './scan-answers.ts';
import { scanWhole } from './scan-whole.ts';
import type { UploadQuota } from './upload-quota.ts';
import { jsonObject } from './window-request.ts';

export interface UploadOptions {
  readonly pool: EnginePool;
  readonly scanRoots: readonly string[];
  readonly maxUploadBytes: number;
  readonly quota: UploadQuota;
  readonly scratch: Scratch;
}

/** Around a file in a form: its boundary and headers, and other fields. */
const FORM_BYTES = 64 * 1024;
/** Of scratch space, asked for at a time, at most. */
const HOLD_BYTES = 16 * 1024 * 1024;

/** The public forms of `/scan` (multipart field `file`, or raw bytes) and `/scan-file` (a path below the roots). */
export async function addUploads(app: Server, options: UploadOptions): Promise<void> {
  const { pool, maxUploadBytes } = options;

  await app.register(async (scan) => {
    const limits = {
      fileSize: maxUploadBytes,
      fieldSize: FORM_BYTES / 2,
      files: 1,
      fields: 20,
      parts: 21,
      headerPairs: 50,
    };
    await scan.register(multipart, { limits });
    scan.post('/scan', async (request, reply) => {
      if (Buffer.isBuffer(request.body)) {
        const about = aboutInHeaders(request.headers);
        await needRules(pool);
        return reply.type(JSON_TYPE).send(bodyOf(await pool.scanBytes(request.body, about)));
      }
      if (!request.isMultipart()) throw noFile();
      // Node lets what is still on its way run into nothing: a connection that is cut would hide the answer.
      if (Number(request.headers['content-length'] ?? 0) > maxUploadBytes + FORM_BYTES) throw tooLarge();
      return reply.type(JSON_TYPE).send(await scanUpload(request, options));
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
      const about = { ...aboutPath(path), ...aboutInHeaders(request.headers) };
      const { real, handle } = await openBelow(await realRoots(options.scanRoots), path);
      try {
        await needRules(pool);
        return await reply.type(JSON_TYPE).send(await scanWhole(pool, { path: real, handle, about }));
      } finally {
        await handle.close();
      }
    });
  });
}

/** The answer to a form with the field `file`. Throws 400 without one, 413 past the limit, 503 past the quota. */
async function scanUpload(request: FastifyRequest, options: UploadOptions): Promise<Buffer> {
  const { pool, quota, scratch } = options;
  const upload = quota.begin();
  let stored: Stored | null = null;
  try {
    const part = await fileOf(request);
    const about = { ...aboutPath(part.filename ?? ''), ...aboutInHeaders(request.headers) };
    const step = Math.min(HOLD_BYTES, options.maxUploadBytes);
    stored = await store(part.file, scratch, { step, hold: (bytes) => upload.hold(bytes) });
    await needRules(pool);
    if (stored.file === null) return bodyOf(await pool.scanBytes(stored.bytes, about));
    const { path, handle } = stored.file;
    return await scanWhole(pool, { path, handle: handle satisfies FileHandle, about });
  } finally {
    await stored?.file?.remove();
    upload.release();
  }
}

/** The field named `file`; what comes before it is passed over. */
async function fileOf(request: FastifyRequest): Promise<MultipartFile> {
  try {
    for await (const part of request.parts()) {
      if (part.type !== 'file') continue;
      if (part.fieldname !== 'file') throw noFile();
      return part;
    }
  } catch (error) {
    if (error instanceof HttpError || request.raw.destroyed) throw error;
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 413) throw error;
    throw new HttpError(400, 'the form is broken', 'bad_request');
  }
  throw noFile();
}

/** `bytes` when it is small, else `file`. */
interface Stored {
  readonly bytes: Buffer;
  readonly file: ScratchFile | null;
}

async function store(
  stream: AsyncIterable<Buffer> & { readonly truncated: boolean },
  scratch: Scratch,
  { step, hold }: { readonly step: number; readonly hold: (bytes: number) => Promise<void> },
): Promise<Stored> {
  let parts: Buffer[] = [];
  let length = 0;
  let held = 0;
  let file: ScratchFile | null = null;
  try {
    for await (const chunk of stream) {
      parts.push(chunk);
      length += chunk.length;
      if (length <= MAX_INLINE_BYTES) continue;
      for (; held < length; held += step) await hold(step);
      file ??= await scratch.file();
      for (const part of parts) await file.handle.appendFile(part);
      parts = [];
    }
    // The multipart parser only stops: what is cut short must not pass for the whole.
    if (stream.truncated) throw tooLarge();
    return { bytes: Buffer.concat(parts), file };
  } catch (error) {
    await file?.remove();
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
      throw new HttpError(503, 'the scratch folder is full', 'busy');
    }
    throw error;
  }
}

function noFile(): HttpError {
  return new HttpError(400, 'send a multipart field named file', 'bad_request');
}

function tooLarge(): HttpError {
  return new HttpError(413, 'the upload is too large', 'bad_request');
}
