import { BackupLensError, inWords } from '../../domain/index.ts';
import { EnginePool, type PoolWatcher } from './engine-pool.ts';
import type { ScanSettings } from './scan-settings.ts';

/**
 * As a service of its own, on TCP. The engines start while everything else is loaded: the program, its settings, the
 * rules, the server.
 */
export async function serve(settings: ScanSettings): Promise<void> {
  let watcher: PoolWatcher | null = null;
  const pool = new EnginePool({
    engines: settings.engines,
    scanTimeoutMs: settings.scanTimeoutMs,
    watcher: {
      onAnswer: (...answered) => watcher?.onAnswer?.(...answered),
      onDeath: (why) => watcher?.onDeath?.(why),
    },
  });
  try {
    const { startService } = await import('./service.ts');
    watcher = await startService(settings, pool);
  } catch (error) {
    const hint = error instanceof BackupLensError && error.hint !== null ? `  ${error.hint}\n` : '';
    // Its engines end with it.
    process.stderr.write(`yara-scanner: ${inWords(error)}\n${hint}`, () => process.exit(2));
  }
}
