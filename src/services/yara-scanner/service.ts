import { loadScannerSettings, type ScannerSettings } from '../../config/index.ts';
import { processEnvironment } from '../../config/start/index.ts';
import { buildFrom, type RulesPlace } from './build-rules.ts';
import type { EnginePool, PoolWatcher } from './engine-pool.ts';
import { putInForce } from './first-rules.ts';
import { readRuleFiles } from './rule-files.ts';
import type { ScanSettings } from './scan-settings.ts';

/** Reads the settings, has the rules loaded, and meanwhile starts the server. Throws BL_CONFIG and BL_RULES. */
export async function startService(settings: ScanSettings, pool: EnginePool): Promise<PoolWatcher> {
  const environment = read();
  const place = (): RulesPlace => ({
    folders: settings.rules.length > 0 ? settings.rules : read().rulesDirs,
    engine: settings.engine,
    cacheFolder: environment.cacheDir,
  });
  const first = place();
  const rules = putInForce(buildFrom(readRuleFiles(first.folders), first), pool);
  const { startServer } = await import('./start-server.ts');
  return startServer({ environment, place, pool, rules });
}

function read(): ScannerSettings {
  return loadScannerSettings({ cwd: process.cwd(), env: processEnvironment() });
}
