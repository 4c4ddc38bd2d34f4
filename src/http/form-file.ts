import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { HttpError } from './http-error.ts';

/** The file of a form, as it comes. */
export interface FormFile {
  /** As the sender calls it: data. */
  readonly filename: string;
  /** Ends when it is over; throws when it is too large, or broke off. */
  readonly stream: AsyncIterable<Buffer>;
}

type Parts = ReturnType<FastifyRequest['parts']>;

/** Around a file in a form: its boundary and headers, and other fields. */
export const FORM_BYTES = 64 * 1024;

/** What a form may hold, for the multipart plugin. */
export const formLimits = (maxFileBytes: number) => ({
  // One more: what comes after its limit the parser swallows to the end, however far that is.
  fileSize: maxFileBytes + 1,
  fieldSize: FORM_BYTES / 2,
  files: 1,
  fields: 20,
  parts: 21,
  headerPairs: 50,
});

/** The field named `file`; other fields are passed over. Its stream throws 400 at its end when a second file follows. */
export async function formFile(request: FastifyRequest, most: number): Promise<FormFile> {
  const parts = request.parts();
  const { filename, file } = await fieldOf(request, parts);
  // The multipart parser only stops at its limit: what is cut short must not pass for the whole.
  const content = limited(whole(request, file), most, () => file.truncated);
  return { filename: filename ?? '', stream: alone(request, content, parts) };
}

/** Whoever sends two must not take the answer about the one for an answer about both. */
async function* alone(
  request: FastifyRequest,
  content: AsyncIterable<Buffer>,
  parts: Parts,
): AsyncGenerator<Buffer> {
  yield* content;
  try {
    for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
      if (next.value.type === 'file') throw secondFile();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'FST_FILES_LIMIT') throw secondFile();
    throw meaningOf(request, error);
  }
}

/** What the parser finds wrong after the file has begun is the sender's fault; a connection that broke off is nobody's. */
async function* whole(request: FastifyRequest, file: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* file;
  } catch (error) {
    throw brokeOff(request) ? error : broken();
  }
}

/** The same bytes, until there are more than that. */
export async function* limited(
  stream: AsyncIterable<Buffer>,
  most: number,
  truncated: () => boolean,
): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > most) throw tooLarge();
    yield chunk;
  }
  if (truncated()) throw tooLarge();
}

/** Leaves open what comes after it. */
async function fieldOf(request: FastifyRequest, parts: Parts): Promise<MultipartFile> {
  try {
    for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
      if (next.value.type !== 'file') continue;
      if (next.value.fieldname !== 'file') throw noFile();
      return next.value;
    }
  } catch (error) {
    throw meaningOf(request, error);
  }
  throw noFile();
}

/** Of what the parser throws between the parts. */
function meaningOf(request: FastifyRequest, error: unknown): unknown {
  if (error instanceof HttpError || brokeOff(request)) return error;
  return error instanceof Error && 'statusCode' in error && error.statusCode === 413 ? error : broken();
}

/** Read to its end it counts as destroyed, too: only a connection that went has an error. */
function brokeOff({ raw }: FastifyRequest): boolean {
  return raw.errored !== null;
}

function broken(): HttpError {
  return new HttpError(400, 'the form is broken', 'bad_request');
}

function secondFile(): HttpError {
  return new HttpError(400, 'send one file in a form', 'bad_request');
}

export function noFile(): HttpError {
  return new HttpError(400, 'send a multipart field named file', 'bad_request');
}

export function tooLarge(): HttpError {
  return new HttpError(413, 'the upload is too large');
}
