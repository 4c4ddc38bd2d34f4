import type { Scratch } from '../../bytes/index.ts';
import type { YaraHealth } from '../../contracts/index.ts';
import { addMetrics, createServer, HttpError, type Server } from '../../http/index.ts';
import type { Log } from '../../observe/index.ts';
import type { EnginePool } from './engine-pool.ts';
import { MAX_INLINE_BYTES } from './engine-wire.ts';
import type { ScannerMetrics } from './scanner-metrics.ts';
import { bodyOf, JSON_TYPE, needRules } from './scan-answers.ts';
import { scanWindowRequest } from './window-request.ts';

const REQUEST_TIMEOUT_MS = 60_000;
const ROUTES = { '/health': 'GET', '/metrics': 'GET', '/scan': 'POST', '/scan-file': 'POST' } as const;

export interface AppOptions {
  readonly pool: EnginePool;
  readonly rulesDir: string;
  readonly log?: Log;
}

/** The routes that every scanner has: `/health`, and `/scan` of a body of raw bytes. */
function createApp({ pool, rulesDir, log }: AppOptions): Server {
  const app = createServer({
    bodyLimitBytes: MAX_INLINE_BYTES,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    routes: ROUTES,
    ...(log === undefined ? {} : { log }),
  });
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.get('/health', async () => {
    await pool.ready();
    return healthOf(pool, rulesDir);
  });
  return app;
}

/** Answers its own parent over a Unix socket: raw bytes, and parts of files that the parent has open. */
export function createPrivateApp(options: AppOptions): Server {
  const { pool } = options;
  const app = createApp(options);
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.post('/scan', async (request, reply) => {
    const { body } = request;
    if (!Buffer.isBuffer(body)) throw new HttpError(400, 'no bytes were sent', 'bad_request');
    await needRules(pool);
    return reply.type(JSON_TYPE).send(bodyOf(await pool.scanBytes(body)));
  });
  app.post('/scan-file', async (request, reply) => {
    const window = scanWindowRequest(request.body);
    await needRules(pool);
    return reply.type(JSON_TYPE).send(bodyOf(await pool.scanWindow(window)));
  });
  return app;
}

/** Answers anybody, over TCP: uploads, and whole files below the roots. */
export async function createPublicApp(
  options: AppOptions & {
    readonly scanRoots: readonly string[];
    readonly maxUploadBytes: number;
    readonly scratch: Scratch;
    readonly log: Log;
    readonly metrics: ScannerMetrics;
  },
): Promise<Server> {
  const app = createApp(options);
  addMetrics(app, options.metrics.all);
  // Only over TCP: the private child of a scan starts faster without.
  const { addUploads } = await import('./uploads.ts');
  await addUploads(app, options);
  return app;
}

function healthOf(pool: EnginePool, rulesDir: string): YaraHealth {
  const { version, rules, ruleFiles, rejected, sha256 } = pool.state();
  return {
    status: rules > 0 ? 'healthy' : 'degraded',
    rules_loaded: rules > 0,
    rules_dir: rulesDir,
    rules,
    rule_files: ruleFiles,
    rejected: [...rejected],
    engine: version ?? 'none: the YARA engine does not start',
    rules_sha256: sha256,
    ...(version === null ? { failed: true } : {}),
  };
}
