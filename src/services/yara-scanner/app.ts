import type { Scratch } from '../../bytes/index.ts';
import {
  addMetrics,
  createServer,
  keepPace,
  guard,
  type AccessOptions,
  type Pace,
  type Server,
} from '../../http/index.ts';
import type { Log } from '../../observe/index.ts';
import type { EnginePool } from './engine-pool.ts';
import { MAX_INLINE_BYTES } from './engine-wire.ts';
import { healthOf } from './health.ts';
import type { Reloader } from './reload.ts';
import type { ScannerMetrics } from './scanner-metrics.ts';
import type { UploadQuota } from './upload-quota.ts';

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

function addHealth(app: Server, pool: EnginePool, rulesDir: () => string): void {
  app.get('/health', async () => {
    await pool.ready();
    return { ...healthOf(pool, rulesDir()), takes_bytes: true, proves_files: true };
  });
}
