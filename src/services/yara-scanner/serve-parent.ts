import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { Scratch } from '../../bytes/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { onceTold } from '../../http/shutdown/index.ts';
import { buildFrom } from './build-rules.ts';
import { EnginePool } from './engine-pool.ts';
import { PrivateServer } from './private-server.ts';
import type { ScanSettings } from './scan-settings.ts';
import { readRuleFiles, type RuleSources } from './rule-files.ts';

const SHUTDOWN_MS = 10_000;

/**
 * As the child of a scan: answers on a private Unix socket, tells its parent on standard output what it is doing (one
 * JSON object a line), and ends when standard input does, which means the parent is gone. The first line of standard
 * input is a secret of the parent's: who says it on the socket is this process.
 */
export async function serveParent(
  socket: string,
  cacheFolder: string | null,
  settings: ScanSettings,
): Promise<void> {
  let sources: RuleSources;
  try {
    sources = readRuleFiles(settings.rules);
  } catch (error) {
    if (!(error instanceof BackupLensError)) throw error;
    process.stdout.write(`${JSON.stringify({ refused: error.message, hint: error.hint })}\n`, () =>
      process.exit(2),
    );
    return;
  }
  // The engines start while the rules are compiled.
  const pool = new EnginePool({
    engines: settings.engines,
    scanTimeoutMs: settings.scanTimeoutMs,
    watcher: { onPids: (engines) => tell({ pids: [process.pid, ...engines] }) },
  });
  const place = { folders: settings.rules, engine: settings.engine, cacheFolder };
  const built = buildFrom(sources, place).then(
    (rules) => pool.use(rules),
    (error: unknown) => pool.giveUp(error instanceof Error ? error.message : 'the rules do not compile'),
  );
  const secret = new Promise<string>((resolve) => {
    createInterface(process.stdin).once('line', (line) => resolve(line.slice(0, 100)));
  });
  const server = new PrivateServer({ pool, rulesDir: settings.rules.join(':'), secret });
  const end = onceTold(async () => {
    await pool.close();
    server.close();
    // Our parent's, who removes it; unless it was killed. What is not empty is not ours.
    await Scratch.removeIfEmpty(dirname(socket));
  }, SHUTDOWN_MS);
  process.stdin.on('end', end).on('close', end).on('error', end).resume();
  process.stdout.on('error', end);
  await server.listen(socket);
  tell({ listening: true });
  await built;
}

/** To the parent. */
function tell(what: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
