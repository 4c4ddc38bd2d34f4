import { chmod } from 'node:fs/promises';
import {
  fastify,
  LogController,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Facts, Log } from '../observe/index.ts';
import { HttpError } from './http-error.ts';
import { lingerAfterAnswers } from './linger.ts';

export type Server = FastifyInstance;

export interface ServerOptions {
  readonly bodyLimitBytes: number;
  /** For the whole of a request to arrive. Fastify's own default is to wait for ever. */
  readonly requestTimeoutMs: number;
  /** For its headers; by default as long as for all of it. */
  readonly headersTimeoutMs?: number;
  readonly maxConnections?: number;
  /** Method and path of every route, for 405 and its `Allow`. */
  readonly routes: Readonly<Record<string, 'GET' | 'POST'>>;
  /** Told of every request, and of faults of ours. */
  readonly log?: Log;
}

const KEEP_ALIVE_MS = 65_000;
const SWEEP_MS = 50;
/** sun_path of Linux, without its end (unix(7)). */
const MAX_SOCKET_PATH = 107;
/** How often Node looks for connections that are late with their headers. */
const CHECK_MS = 2000;
const MAX_CONNECTIONS = 1024;

/** A server with every limit set. It takes no content type until a route says which. */
export function createServer(options: ServerOptions): Server {
  const { bodyLimitBytes, requestTimeoutMs, routes, log } = options;
  const { headersTimeoutMs = requestTimeoutMs, maxConnections = MAX_CONNECTIONS } = options;
  const app = fastify({
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: 2 * requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    logController: new LogController({ disableRequestLogging: true }),
    http: { headersTimeout: headersTimeoutMs, connectionsCheckingInterval: CHECK_MS },
  });
  app.server.maxConnections = maxConnections;
  // A connection that is busy when closing begins is kept alive after its answer, and would be waited for.
  app.addHook('preClose', async () => {
    const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
    app.server.once('close', () => clearInterval(sweep));
  });
  lingerAfterAnswers(app);
  app.removeAllContentTypeParsers();
  app.setNotFoundHandler((request, reply) => {
    const method = routes[request.url.split('?', 1)[0] ?? ''];
    if (method === undefined) return reply.code(404).send({ error: 'no such path', code: 'not_found' });
    return reply
      .code(405)
      .header('allow', method)
      .send({ error: `use ${method}`, code: 'bad_request' });
  });
  if (log !== undefined) {
    app.addHook('onResponse', async (request, reply) => log.debug('answered', inShort(request, reply)));
  }
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof HttpError) {
      const { message, code, statusCode } = error;
      return reply.code(statusCode).send(code === null ? { error: message } : { error: message, code });
    }
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      const { stack = error.message } = error;
      log?.error('a request failed', { ...inShort(request, reply), untrusted: { stack } });
    }
    // A fault of ours may hold a path or a value that is nobody's business.
    return reply
      .code(status)
      .send(status < 500 ? { error: error.message, code: 'bad_request' } : { error: 'internal error' });
  });
  return app;
}

/** The route and not the path, which is somebody else's. */
function inShort(request: FastifyRequest, reply: FastifyReply): Facts {
  const { method, routeOptions } = request;
  return {
    method,
    route: routeOptions.url ?? null,
    status: reply.statusCode,
    duration_ms: Math.round(reply.elapsedTime),
  };
}

/** Listens on a Unix socket that only our user can open, or on TCP; resolves to the address. */
export async function listen(
  app: Server,
  where: { readonly socket: string } | { readonly host: string; readonly port: number },
): Promise<string> {
  if (!('socket' in where)) return app.listen(where);
  // A longer one would be cut short silently, and lie somewhere else.
  if (Buffer.byteLength(where.socket) > MAX_SOCKET_PATH)
    throw new RangeError('the path of the socket is too long');
  await app.listen({ path: where.socket });
  await chmod(where.socket, 0o600);
  return where.socket;
}
