import type { Scratch } from '../../bytes/index.ts';
import { aboutInHeaders } from './about-request.ts';
import type { YaraHealth } from '../../contracts/index.ts';
import {
  addMetrics,
  createServer,
  HttpError,
  keepPace,
  guard,
  type AccessOptions,
  type Pace,
  type Server,
} from '../../http/index.ts';
import type { Log } from '../../observe/index.ts';
import type { EnginePool } from './engine-pool.ts';
import { MAX_INLINE_BYTES } from './engine-wire.ts';
import type { Reloader } from './reload.ts';
import { bodyOf, JSON_TYPE, needRules, scanBody } from './scan-answers.ts';
import type { ScannerMetrics } from './scanner-metrics.ts';
import type { UploadQuota } from './upload-quota.ts';
import { scanWindowRequest } from './window-request.ts';

const BYTES = 'application/octet-stream';
/** Of our own parent, who sends small bodies only. */
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 15_000;
/** 5 GiB at the slowest pace take half as long. */
const LONGEST_UPLOAD_MS = 24 * 60 * 60 * 1000;

export interface PublicOptions {
  readonly pool: EnginePool;
  readonly reloader: Reloader;
  readonly scanRoots: readonly string[];
  readonly maxUploadBytes: number;
  readonly quota: UploadQuota;
  readonly scratch: Scratch;
  readonly log: Log;
  readonly metrics: ScannerMetrics;
  readonly access: AccessOptions;
  readonly pace: Pace;
}

/** Answers its own parent over a Unix socket: raw bytes, and parts of files that the parent has open. */
export function createPrivateApp({
  pool,
  rulesDir,
  secret,
}: {
  readonly pool: EnginePool;
  readonly rulesDir: string;
  /** What the parent alone has told this process. */
  readonly secret: Promise<string>;
}): Server {
  const app = createServer({
    bodyLimitBytes: MAX_INLINE_BYTES,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  });
  // As it comes: Fastify would put all of it together first.
  app.addContentTypeParser(BYTES, (_request, payload, done) => done(null, payload));
  addHealth(app, pool, () => rulesDir, secret);
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.post('/scan', async (request, reply) => {
    if (request.headers['content-type'] !== BYTES) {
      throw new HttpError(415, 'send the bytes as they are', 'bad_request');
    }
    return reply.type(JSON_TYPE).send(await scanBody(pool, request, MAX_INLINE_BYTES));
  });
  app.post('/scan-file', async (request, reply) => {
    const window = scanWindowRequest(request.body, aboutInHeaders(request.headers) ?? {});
    await needRules(pool);
    return reply.type(JSON_TYPE).send(bodyOf(await pool.scanWindow(window)));
  });
  return app;
}

/** Answers anybody, over TCP: uploads, whole files below the roots, reloads. */
export async function createPublicApp(options: PublicOptions): Promise<Server> {
  const { pool, reloader, log, metrics, access, pace } = options;
  const app = createServer({
    bodyLimitBytes: MAX_INLINE_BYTES,
    requestTimeoutMs: LONGEST_UPLOAD_MS,
    headersTimeoutMs: HEADERS_TIMEOUT_MS,
    log,
  });
  keepPace(app, pace, log);
  guard(app, access);
  addHealth(app, pool, () => reloader.folders.join(':'));
  addMetrics(app, metrics.all);
  // Only over TCP: the private child of a scan starts faster without.
  const [{ addUploads }, { addScanFile }, { addReload }] = await Promise.all([
    import('./uploads.ts'),
    import('./scan-file-route.ts'),
    import('./reload-route.ts'),
  ]);
  await addUploads(app, options);
  await addScanFile(app, options);
  await addReload(app, options);
  return app;
}

function addHealth(app: Server, pool: EnginePool, rulesDir: () => string, secret?: Promise<string>): void {
  app.get('/health', async () => {
    await pool.ready();
    const health = healthOf(pool, rulesDir());
    return secret === undefined
      ? { ...health, takes_bytes: true, proves_files: true }
      : { ...health, nonce: await secret };
  });
}

function healthOf(pool: EnginePool, rulesDir: string): YaraHealth {
  const { version, rules, ruleFiles, rejected, sha256, reads } = pool.state();
  return {
    status: rules > 0 ? 'healthy' : 'degraded',
    rules_loaded: rules > 0,
    rules_dir: rulesDir,
    rules,
    rule_files: ruleFiles,
    rejected: [...rejected],
    engine: version ?? 'none: the YARA engine does not start',
    rules_sha256: sha256,
    externals: [...reads],
    ...(version === null ? { failed: true } : {}),
  };
}
