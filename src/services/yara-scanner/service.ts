import { loadScannerSettings } from '../../config/index.ts';
import { processEnvironment } from '../../config/start/index.ts';
import { buildFrom, type RulesPlace } from './build-rules.ts';
import type { EnginePool, PoolWatcher } from './engine-pool.ts';
import { putInForce } from './first-rules.ts';
import { readRuleFiles } from './rule-files.ts';
import type { ScanSettings } from './scan-settings.ts';

/** Reads the settings, has the rules loaded, and meanwhile starts the server. Throws BL_CONFIG and BL_RULES. */
export async function startService(settings: ScanSettings, pool: EnginePool): Promise<PoolWatcher> {
  const environment = loadScannerSettings({ cwd: process.cwd(), env: processEnvironment() });
  const folders = settings.rules.length > 0 ? settings.rules : environment.rulesDirs;
  const place: RulesPlace = { folders, engine: settings.engine, cacheFolder: environment.cacheDir };
  const rules = putInForce(buildFrom(readRuleFiles(folders), place), pool);
  const { startServer } = await import('./start-server.ts');
  return startServer({ environment, place, pool, rules });
}
