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

/** Around a file in a form: its boundary and headers, and other fields. */
export const FORM_BYTES = 64 * 1024;

/** What a form may hold, for the multipart plugin. */
export const formLimits = (maxFileBytes: number) => ({
  fileSize: maxFileBytes,
  fieldSize: FORM_BYTES / 2,
  files: 1,
  fields: 20,
  parts: 21,
  headerPairs: 50,
});

/** The field named `file`; what comes before it is passed over. */
export async function formFile(request: FastifyRequest, most: number): Promise<FormFile> {
  const { filename, file } = await fieldOf(request);
  // The multipart parser only stops at its limit: what is cut short must not pass for the whole.
  return { filename: filename ?? '', stream: limited(whole(request, file), most, () => file.truncated) };
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

async function fieldOf(request: FastifyRequest): Promise<MultipartFile> {
  try {
    for await (const part of request.parts()) {
      if (part.type !== 'file') continue;
      if (part.fieldname !== 'file') throw noFile();
      return part;
    }
  } catch (error) {
    if (error instanceof HttpError || brokeOff(request)) throw error;
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 413) throw error;
    throw broken();
  }
  throw noFile();
}

/** Read to its end it counts as destroyed, too: only a connection that went has an error. */
function brokeOff({ raw }: FastifyRequest): boolean {
  return raw.errored !== null;
}

function broken(): HttpError {
  return new HttpError(400, 'the form is broken', 'bad_request');
}

export function noFile(): HttpError {
  return new HttpError(400, 'send a multipart field named file', 'bad_request');
}

export function tooLarge(): HttpError {
  return new HttpError(413, 'the upload is too large', 'bad_request');
}
