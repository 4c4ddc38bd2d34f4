import { chmod } from 'node:fs/promises';
import type { Socket } from 'node:net';
import {
  fastify,
  LogController,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Facts, Log } from '../observe/index.ts';
import { closeBesideDefaultRoute, DEFAULT_ROUTE } from './default-route.ts';
import { PLAIN, rawAnswer, setShape, type ErrorShape } from './error-shape.ts';
import { HttpError } from './http-error.ts';
import { lingerAfterAnswers } from './linger.ts';
import { RoutesMet } from './routes-met.ts';

export type Server = FastifyInstance;

export interface ServerOptions {
  readonly bodyLimitBytes: number;
  /** For the whole of a request to arrive. Fastify's own default is to wait for ever. */
  readonly requestTimeoutMs: number;
  /** For its headers; by default as long as for all of it. */
  readonly headersTimeoutMs?: number;
  readonly maxConnections?: number;
  /** OPTIONS on a path that there is says which methods it has; otherwise it is a method like any other that is not there. */
  readonly answersOptions?: boolean;
  /** `PLAIN` when it is not given. */
  readonly errors?: ErrorShape;
  /** What an error of ours means over HTTP; null: a fault. */
  readonly meaning?: (error: Error) => HttpError | null;
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
  const { bodyLimitBytes, requestTimeoutMs, errors = PLAIN, meaning = () => null, log } = options;
  const { answersOptions = false } = options;
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
    // What Node's parser gave up on, before there is a request.
    clientErrorHandler: (error, socket) => {
      if (!socket.writable) return;
      socket.end(rawAnswer(errors, parserError(error.code)), () => socket.destroy());
    },
    // What Fastify's router gave up on: its own words would quote the path.
    frameworkErrors: (_error, _request, reply: FastifyReply) => {
      const wrong = new HttpError(400, 'the path cannot be read');
      void reply.code(400).type(errors.type).send(errors.body(wrong));
    },
  });
  setShape(app, errors);
  app.server.maxConnections = maxConnections;
  // `Expect: 100-continue` is Node's matter; anything else that is expected is not done.
  app.server.on('checkExpectation', (_request, response) => {
    const wrong = new HttpError(417, 'nothing can be expected');
    response.writeHead(417, { 'content-type': errors.type }).end(JSON.stringify(errors.body(wrong)));
  });
  // Who has connected and said nothing is not idle for Node, and would be waited for until its headers are late.
  const silent = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  app.server.on('request', ({ socket }) => silent.delete(socket));
  // A connection that is busy when closing begins is kept alive after its answer, and would be waited for.
  app.addHook('preClose', async () => {
    const sweep = setInterval(() => {
      app.server.closeIdleConnections();
      for (const socket of silent) socket.destroy();
    }, SWEEP_MS);
    app.server.once('close', () => clearInterval(sweep));
  });
  lingerAfterAnswers(app);
  app.removeAllContentTypeParsers();
  const routes = new RoutesMet(app);
  app.setNotFoundHandler(async ({ url, method }, reply) => {
    const methods = routes.methodsOf(url).join(', ');
    if (answersOptions && method === 'OPTIONS' && methods !== '')
      return reply.code(204).header('allow', `${methods}, OPTIONS`).send();
    if (methods === '') throw new HttpError(404, 'no such path');
    throw new HttpError(405, `use ${methods}`, null, { headers: { allow: methods } });
  });
  if (log !== undefined) {
    app.addHook('onResponse', async (request, reply) => log.debug('answered', inShort(request, reply)));
  }
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const meant = error instanceof HttpError ? error : meaning(error);
    const wrong = meant ?? inOurWords(error);
    if (meant === null && wrong.statusCode >= 500) {
      const { stack = error.message } = error;
      log?.error('a request failed', { ...inShort(request, reply), untrusted: { stack } });
    }
    const { headers = {} } = wrong.more;
    return reply.code(wrong.statusCode).headers(headers).type(errors.type).send(errors.body(wrong));
  });
  return app;
}

/** A fault of ours may hold a path or a value that is nobody's business. */
function inOurWords({ statusCode = 500, message }: FastifyError): HttpError {
  return statusCode >= 500 ? new HttpError(500, 'internal error') : new HttpError(statusCode, message);
}

function parserError(code: string): HttpError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new HttpError(408, 'the request took too long');
  if (code === 'HPE_HEADER_OVERFLOW') return new HttpError(431, 'the headers are too large');
  return new HttpError(400, 'this is not HTTP as it has to be');
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
  if (!('socket' in where)) {
    if (where.host !== DEFAULT_ROUTE) return app.listen(where);
    closeBesideDefaultRoute(app.server);
    return app.listen({ host: '0.0.0.0', port: where.port });
  }
  // A longer one would be cut short silently, and lie somewhere else.
  if (Buffer.byteLength(where.socket) > MAX_SOCKET_PATH)
    throw new RangeError('the path of the socket is too long');
  await app.listen({ path: where.socket });
  await chmod(where.socket, 0o600);
  return where.socket;
}
