import { Scratch } from '../../bytes/index.ts';
import type { ScannerSettings } from '../../config/index.ts';
import { listen, onceTold, refuseExposure, type Pace } from '../../http/index.ts';
import { openLog, type Log } from '../../observe/index.ts';
import { createPublicApp } from './app.ts';
import type { RulesPlace } from './build-rules.ts';
import type { EnginePool, PoolWatcher } from './engine-pool.ts';
import type { FirstRules } from './first-rules.ts';
import { Reloader } from './reload.ts';
import { ScannerMetrics } from './scanner-metrics.ts';
import { UploadQuota } from './upload-quota.ts';

/** Requests that are in progress have as long. */
const SHUTDOWN_MS = 20_000;
const MAX_UPLOADS = 32;
/** Slower than any line that carries backups. */
const PACE: Pace = { idleMs: 20_000, bytesPerSecond: 16 * 1024, graceMs: 30_000 };

export interface ServerParts {
  readonly environment: ScannerSettings;
  /** As it is now. */
  readonly place: () => RulesPlace;
  readonly pool: EnginePool;
  readonly rules: Promise<FirstRules>;
}

/** Resolves once it listens. Throws BL_CONFIG for who would let anybody in, and what listening throws. */
export async function startServer({ environment, place, pool, rules }: ServerParts): Promise<PoolWatcher> {
  const { host, token, allowAnonymous, maxUploadBytes, scanRoots } = environment;
  const access = { host, token, allowAnonymous, open: ['/health'] };
  refuseExposure(access);
  const log = openLog({ name: 'yara-scanner', level: environment.logLevel });
  const metrics = new ScannerMetrics();
  metrics.watch(pool);
  const scratch = await Scratch.create(environment.tmpDir);
  const app = await createPublicApp({
    pool,
    reloader: new Reloader(pool, place),
    scanRoots,
    maxUploadBytes,
    quota: new UploadQuota(scratch, { uploads: MAX_UPLOADS, bytes: 2 * maxUploadBytes }),
    scratch,
    log,
    metrics,
    access,
    pace: PACE,
  });
  onceTold(async () => {
    log.info('shutting down');
    // Requests that are in progress still need the engines.
    await app.close();
    await pool.close();
    await scratch.remove();
  }, SHUTDOWN_MS);
  log.info('listening', { url: await listen(app, environment), anonymous: token === null });
  void rules.then((first) => tellRules(log, pool, first));
  return {
    onAnswer: (bytes, answer, durationMs) => {
      metrics.scanned(bytes, answer, durationMs);
      if (!answer.ok)
        log.warn('a scan was not done', { code: answer.code, untrusted: { why: answer.message } });
    },
    onDeath: (why) => {
      metrics.died(why);
      log.warn('an engine process ended', { why });
    },
  };
}

function tellRules(log: Log, pool: EnginePool, first: FirstRules): void {
  if (!first.ok) return log.error('the rules cannot be loaded', { untrusted: { why: first.why } });
  const { from, cacheTrouble } = first.rules;
  if (cacheTrouble !== null)
    log.warn('the cache of rules is not as it was', { untrusted: { why: cacheTrouble } });
  const { rules, ruleFiles, rejected, version } = pool.state();
  log.info('rules are loaded', {
    engine: version,
    from,
    rules,
    rule_files: ruleFiles,
    rejected: rejected.length,
  });
  for (const { file, line, column, message } of rejected) {
    log.warn('a rule is left out', { line, column, untrusted: { file, message } });
  }
}
