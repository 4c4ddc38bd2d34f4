import { STATUS_CODES } from 'node:http';
import type { HttpError } from './http-error.ts';
import type { FastifyInstance } from 'fastify';

type Wrong = Pick<HttpError, 'statusCode' | 'message' | 'code' | 'more'>;

/** How a server words what went wrong: its handlers' errors, Fastify's, and those of Node's own parser. */
export interface ErrorShape {
  readonly type: string;
  body(wrong: Wrong): Readonly<Record<string, unknown>>;
}

/** `{"error": …}`, as the specification has it for the yara-scanner and the updater (CONTRACTS 3, 4). */
export const PLAIN: ErrorShape = {
  type: 'application/json; charset=utf-8',
  body: ({ statusCode, message, code }) => {
    const usual = statusCode >= 500 ? null : statusCode === 404 ? 'not_found' : 'bad_request';
    const told = code ?? usual;
    return told === null ? { error: message } : { error: message, code: told };
  },
};

const CODES: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'no_token',
  403: 'not_allowed',
  404: 'not_found',
  405: 'no_such_method',
  408: 'too_slow',
  413: 'too_large',
  415: 'content_type',
  417: 'not_done',
  431: 'too_large',
  500: 'internal',
};

/** RFC 9457. `code` is ours, for programs. */
export const PROBLEM: ErrorShape = {
  type: 'application/problem+json; charset=utf-8',
  body: ({ statusCode: status, message: detail, code, more }) => ({
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    code: code ?? CODES[status] ?? 'error',
    ...(more.errors === undefined ? {} : { errors: more.errors }),
  }),
};

const shapes = new WeakMap<FastifyInstance, ErrorShape>();

export function setShape(app: FastifyInstance, shape: ErrorShape): void {
  shapes.set(app, shape);
}

export function shapeOf(app: FastifyInstance): ErrorShape {
  return shapes.get(app) ?? PLAIN;
}

/** The whole of an answer, for where there is no request to answer: the connection is closed after it. */
export function rawAnswer(shape: ErrorShape, wrong: Wrong): string {
  const text = JSON.stringify(shape.body(wrong));
  return [
    `HTTP/1.1 ${wrong.statusCode} ${STATUS_CODES[wrong.statusCode] ?? 'Error'}`,
    'Connection: close',
    `Content-Type: ${shape.type}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
    '',
    text,
  ].join('\r\n');
}
