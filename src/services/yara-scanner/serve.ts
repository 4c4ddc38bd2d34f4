import { Scratch } from '../../bytes/index.ts';
import { loadScannerSettings, processEnvironment, type ScannerSettings } from '../../config/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { refuseExposure, listen, onceTold, type Pace } from '../../http/index.ts';
import { openLog, type Log } from '../../observe/index.ts';
import { createPublicApp } from './app.ts';
import { buildFrom, type RulesPlace } from './build-rules.ts';
import { EnginePool } from './engine-pool.ts';
import type { ScanSettings } from './scan-settings.ts';
import { Reloader } from './reload.ts';
import { readRuleFiles } from './rule-files.ts';
import { ScannerMetrics } from './scanner-metrics.ts';
import { UploadQuota } from './upload-quota.ts';

/** Requests that are in progress have as long. */
const SHUTDOWN_MS = 20_000;
const MAX_UPLOADS = 32;
/** Slower than any line that carries backups. */
const PACE: Pace = { idleMs: 20_000, bytesPerSecond: 16 * 1024, graceMs: 30_000 };

/** As a service of its own, on TCP. */
export async function serve(settings: ScanSettings): Promise<void> {
  try {
    await start(settings, loadScannerSettings({ cwd: process.cwd(), env: processEnvironment() }));
  } catch (error) {
    const hint = error instanceof BackupLensError && error.hint !== null ? `  ${error.hint}\n` : '';
    process.stderr.write(`yara-scanner: ${inWords(error)}\n${hint}`, () => process.exit(2));
  }
}

async function start(settings: ScanSettings, environment: ScannerSettings): Promise<void> {
  const { host, token, cacheDir, maxUploadBytes, scanRoots } = environment;
  const access = { host, token, allowAnonymous: environment.allowAnonymous, open: ['/health'] };
  refuseExposure(access);
  const folders = settings.rules.length > 0 ? settings.rules : environment.rulesDirs;
  const place: RulesPlace = { folders, engine: settings.engine, cacheFolder: cacheDir };
  const sources = readRuleFiles(folders);
  const log = openLog({ name: 'yara-scanner', level: environment.logLevel });
  const metrics = new ScannerMetrics();
  const pool = new EnginePool({
    engines: settings.engines,
    scanTimeoutMs: settings.scanTimeoutMs,
    onPids: () => {},
    onAnswer: (bytes, answer, durationMs) => {
      metrics.scanned(bytes, answer, durationMs);
      if (!answer.ok)
        log.warn('a scan was not done', { code: answer.code, untrusted: { why: answer.message } });
    },
    onDeath: (why) => {
      metrics.died(why);
      log.warn('an engine process ended', { why });
    },
  });
  metrics.watch(pool);
  const scratch = await Scratch.create(environment.tmpDir);
  const app = await createPublicApp({
    pool,
    rulesDir: folders.join(':'),
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
  try {
    const rules = await buildFrom(sources, place);
    await pool.use(rules);
    const { from, cacheTrouble } = rules;
    if (cacheTrouble !== null)
      log.warn('the cache of rules is not as it was', { untrusted: { why: cacheTrouble } });
    tellRules(log, pool, from);
  } catch (error) {
    pool.giveUp(inWords(error));
    log.error('the rules cannot be loaded', { untrusted: { why: inWords(error) } });
  }
}

function tellRules(log: Log, pool: EnginePool, from: 'cache' | 'compiler'): void {
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
