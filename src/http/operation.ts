import { isUtf8 } from 'node:buffer';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Operation } from '../contracts/index.ts';
import { HttpError } from './http-error.ts';
import type { Identity } from './keys.ts';
import type { Server } from './server.ts';
import { identityOf } from './sign-in.ts';

type Of<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** A request as its operation describes it: checked, with everything that may be left out filled in. */
export interface Asked<O extends Operation> {
  readonly params: Of<O['params']>;
  readonly query: Of<O['query']>;
  readonly body: O['body'] extends 'file' ? undefined : Of<O['body']>;
  readonly who: Identity;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** The body of its answer; where it has several statuses, the handler sets another than the first by itself. */
type BodyOf<O extends Operation> = {
  [Status in keyof O['answers']]: O['answers'][Status] extends {
    readonly schema: infer Schema extends z.ZodType;
  }
    ? z.input<Schema>
    : never;
}[keyof O['answers']];

/** The handler has sent its answer by itself. */
export const SENT = Symbol('sent');

const MAX_ERRORS = 20;
const MAX_DETAIL = 200;

/** Takes requests of an operation; what does not fit its schemas never reaches the handler. */
export function addOperation<const O extends Operation>(
  app: Server,
  operation: O,
  handle: (asked: Asked<O>) => Promise<BodyOf<O> | typeof SENT>,
): void {
  const { method, path, access, params, query, body, answers } = operation;
  const [status = '200'] = Object.keys(answers);
  app.route({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { access },
    // HEAD is GET without its body (RFC 9110, 9.3.2); a stream of events has no head of its own.
    exposeHeadRoute: method === 'GET' && answers[200]?.type !== 'text/event-stream',
    handler: async (request, reply: FastifyReply): Promise<unknown> => {
      void reply.code(Number(status));
      const errors: { at: string; detail: string }[] = [];
      const checked = {
        params: check(params, request.params, 'path', errors),
        query:
          query === undefined
            ? nothing(request.query, 'query', errors)
            : check(query, request.query, 'query', errors),
        body: body === 'file' ? undefined : check(body, request.body, 'body', errors),
      };
      if (errors.length > 0) {
        throw new HttpError(400, 'the request is not what it should be', 'bad_request', {
          errors: errors.slice(0, MAX_ERRORS),
        });
      }
      // Each was parsed by the operation's own schema; the compiler cannot follow that through the table.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const asked = { ...checked, who: identityOf(request), request, reply } as Asked<O>;
      const answer = await handle(asked);
      return answer === SENT ? reply : answer;
    },
  });
}

function check(
  schema: z.ZodType | undefined,
  value: unknown,
  where: string,
  errors: { at: string; detail: string }[],
): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) {
    const at = [where, ...path.map(String)].join('/').slice(0, MAX_DETAIL);
    errors.push({ at, detail: message.slice(0, MAX_DETAIL) });
  }
  return undefined;
}

/** A misspelt filter would answer with everything. */
function nothing(value: unknown, where: string, errors: { at: string; detail: string }[]): undefined {
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    errors.push({ at: where, detail: 'nothing is asked here' });
  }
}

/** Takes JSON and nothing else: forms are what a page of somebody else's can send. */
export function takeJson(app: Server): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const { 'content-encoding': encoding = 'identity', 'content-type': type = '' } = request.headers;
    const charset = /;\s*charset=\s*"?([^";\s]*)/i.exec(type)?.[1] ?? 'utf-8';
    if (encoding !== 'identity' || !/^utf-?8$/i.test(charset)) {
      done(new HttpError(415, 'only plain JSON in UTF-8 is taken'));
    } else if (body.length === 0) done(null, undefined);
    else if (!isUtf8(Buffer.from(body))) done(new HttpError(400, 'the body is not UTF-8'));
    else void parse(request, body.toString(), done);
  });
}
