import { createServer, guard, type AccessOptions, type Server } from '../../http/index.ts';
import { METRICS_TYPE } from '../../observe/index.ts';

const REQUEST_TIMEOUT_MS = 30_000;
const MAX_BODY_BYTES = 1024;

/** What the routes ask the service. */
export interface Served {
  readonly version: string;
  ready(): Promise<Readiness>;
  metrics(): Promise<string>;
}

export interface Readiness {
  readonly ready: boolean;
  readonly store: string;
  readonly engines: Readonly<Record<string, { readonly status: string; readonly detail: string | null }>>;
  readonly intake: 'starting' | 'watching' | 'paused' | 'away' | 'stopping';
}

/** `/health`: it is alive. `/ready`: it does its work. `/metrics`: for Prometheus. */
export function createApp(served: Served, access: AccessOptions): Server {
  const app = createServer({
    bodyLimitBytes: MAX_BODY_BYTES,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    routes: { '/health': 'GET', '/ready': 'GET', '/metrics': 'GET' },
  });
  guard(app, access);
  app.get('/health', () => ({ status: 'healthy', version: served.version }));
  app.get('/ready', async (_request, reply) => {
    const { ready, ...rest } = await served.ready();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not_ready', ...rest });
  });
  app.get('/metrics', async (_request, reply) => reply.type(METRICS_TYPE).send(await served.metrics()));
  return app;
}
