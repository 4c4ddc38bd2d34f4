import type { UpdateResult, UpdaterHealth } from '../../contracts/index.ts';
import { addMetrics, createServer, guard, type AccessOptions, type Server } from '../../http/index.ts';
import type { Log } from '../../observe/index.ts';
import type { UpdaterMetrics } from './updater-metrics.ts';
import type { Daemon, Updater } from './updater.ts';

/** An update asks for nothing: a body is ignored, and has no reason to be large. */
const BODY_LIMIT_BYTES = 16 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;

const STATUS: Readonly<Record<UpdateResult, number>> = {
  updated: 200,
  up_to_date: 200,
  outdated: 400,
  busy: 409,
  rate_limited: 429,
  cool_down: 429,
  timed_out: 504,
  no_runtime: 500,
  no_container: 500,
  permission_denied: 500,
  failed: 500,
};

export interface AppOptions {
  readonly updater: Updater;
  readonly daemon: Daemon;
  /** HOST:PORT, as it is shown. */
  readonly clamavHost: string;
  readonly access: AccessOptions;
  readonly log: Log;
  readonly metrics: UpdaterMetrics;
}

export function createApp({ updater, daemon, clamavHost, access, log, metrics }: AppOptions): Server {
  const app = createServer({
    bodyLimitBytes: BODY_LIMIT_BYTES,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    log,
  });
  guard(app, access);
  addMetrics(app, metrics.all);
  // curl -X POST sends none, programs what they like: it is read to its limit and ignored.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null, null));

  app.get('/health', async (): Promise<UpdaterHealth> => {
    return {
      status: 'healthy',
      clamav_host: clamavHost,
      runtime: updater.runtime,
      database: await daemon.database(),
      last_update: updater.last,
      changed_at: updater.changed_at,
    };
  });
  app.post('/update', async (_request, reply) => {
    const answer = await updater.update();
    metrics.updated(answer);
    const { result, message, output, retry_after } = answer;
    if (answer.success) log.info('an update has ended', { result });
    else log.warn('an update has ended', { result, untrusted: { message, output: output.slice(-1000) } });
    if (retry_after !== undefined) {
      const seconds = Math.max(1, Math.ceil((Date.parse(retry_after) - Date.now()) / 1000));
      void reply.header('retry-after', String(seconds));
    }
    return reply.code(STATUS[result]).send(answer);
  });
  return app;
}
