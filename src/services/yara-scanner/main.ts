import { rmdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { BackupLensError } from '../../domain/index.ts';
import { EnginePool, type PoolOptions } from './engine-pool.ts';
import { readRuleFiles, type RuleSources } from './rule-files.ts';

/**
 * The yara-scanner program. Two ways to start it: with an environment, as a service on TCP; or as the child of a
 * scan (`--socket PATH --rules DIR…`), which answers on a private Unix socket, tells its parent on standard output
 * what it is doing (one JSON object a line), and ends when standard input does, which means the parent is gone.
 */
const SHUTDOWN_MS = 10_000;
const MAX_UPLOAD_BYTES = 5 * 1024 ** 3;

const { values } = parseArgs({
  options: {
    socket: { type: 'string' },
    rules: { type: 'string', multiple: true, default: [] },
    engines: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    engine: { type: 'string', default: 'auto' },
    'scan-timeout-ms': { type: 'string', default: '10000' },
  },
});

const poolOptions: PoolOptions = {
  engines: Math.max(1, Number.parseInt(values.engines, 10)),
  engine: values.engine === 'wasm' || values.engine === 'native' ? values.engine : 'auto',
  scanTimeoutMs: Math.max(1, Number.parseInt(values['scan-timeout-ms'], 10)),
  onPids: (engines) => {
    if (values.socket !== undefined) tell({ pids: [process.pid, ...engines] });
  },
};

if (values.socket === undefined) await serve();
else await serveParent(values.socket);

async function serveParent(socket: string): Promise<void> {
  let sources: RuleSources;
  try {
    sources = readRuleFiles(values.rules);
  } catch (error) {
    if (!(error instanceof BackupLensError)) throw error;
    process.stdout.write(`${JSON.stringify({ refused: error.message, hint: error.hint })}\n`, () =>
      process.exit(2),
    );
    return;
  }
  // The engines compile while the server is loaded.
  const pool = new EnginePool(sources, poolOptions);
  const [{ createPrivateApp }, { listen, onceTold }] = await Promise.all([
    import('./app.ts'),
    import('../../http/index.ts'),
  ]);
  const app = createPrivateApp({ pool, rulesDir: values.rules.join(':') });
  const end = onceTold(async () => {
    await Promise.all([app.close(), pool.close()]);
    // Our parent's, who removes it; unless it was killed. What is not empty is not ours.
    await rmdir(dirname(socket)).catch(() => {});
  }, SHUTDOWN_MS);
  process.stdin.on('end', end).on('close', end).on('error', end).resume();
  process.stdout.on('error', end);
  await listen(app, { socket });
  tell({ listening: true });
}

async function serve(): Promise<void> {
  const [
    { createPublicApp },
    { listen, onceTold },
    { readEnvironment },
    { Scratch },
    { openLog },
    metricsOf,
  ] = await Promise.all([
    import('./app.ts'),
    import('../../http/index.ts'),
    import('./environment.ts'),
    import('../../bytes/index.ts'),
    import('../../observe/index.ts'),
    import('./scanner-metrics.ts'),
  ]);
  try {
    const environment = readEnvironment();
    const rulesDirs = values.rules.length > 0 ? values.rules : environment.rulesDirs;
    const log = openLog({ name: 'yara-scanner', level: environment.logLevel });
    const metrics = new metricsOf.ScannerMetrics();
    const pool = new EnginePool(readRuleFiles(rulesDirs), {
      ...poolOptions,
      onAnswer: (bytes, answer, durationMs) => {
        metrics.scanned(bytes, answer, durationMs);
        if (!answer.ok)
          log.warn('a scan was not done', { code: answer.code, untrusted: { why: answer.message } });
      },
    });
    metrics.watch(pool);
    const scratch = await Scratch.create(environment.scratchParent);
    const app = await createPublicApp({
      pool,
      rulesDir: rulesDirs.join(':'),
      scanRoots: environment.scanRoots,
      maxUploadBytes: MAX_UPLOAD_BYTES,
      scratch,
      log,
      metrics,
    });
    onceTold(async () => {
      log.info('shutting down');
      // Requests that are in progress still need the engines.
      await app.close();
      await pool.close();
      await scratch.remove();
    }, SHUTDOWN_MS);
    log.info('listening', { url: await listen(app, environment) });
    await pool.ready();
    const { rules, ruleFiles, rejected, version } = pool.state();
    log.info('rules are loaded', {
      engine: version,
      rules,
      rule_files: ruleFiles,
      rejected: rejected.length,
    });
    for (const { file, line, column, message } of rejected) {
      log.warn('a rule file is left out', { line, column, untrusted: { file, message } });
    }
  } catch (error) {
    if (!(error instanceof BackupLensError)) throw error;
    const hint = error.hint === null ? '' : `  ${error.hint}\n`;
    process.stderr.write(`yara-scanner: ${error.message}\n${hint}`, () => process.exit(2));
  }
}

/** To the parent. */
function tell(what: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
