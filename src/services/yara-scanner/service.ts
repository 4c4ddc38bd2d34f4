import { loadScannerSettings, processEnvironment } from '../../config/index.ts';
import { inWords } from '../../domain/index.ts';
import { buildFrom, type BuiltRules, type RulesPlace } from './build-rules.ts';
import type { EnginePool, PoolWatcher } from './engine-pool.ts';
import { readRuleFiles } from './rule-files.ts';
import type { ScanSettings } from './scan-settings.ts';

/** What came of the rules at the start. */
export type FirstRules =
  { readonly ok: true; readonly rules: BuiltRules } | { readonly ok: false; readonly why: string };

/** Reads the settings, has the rules loaded, and meanwhile starts the server. Throws BL_CONFIG and BL_RULES. */
export async function startService(settings: ScanSettings, pool: EnginePool): Promise<PoolWatcher> {
  const environment = loadScannerSettings({ cwd: process.cwd(), env: processEnvironment() });
  const folders = settings.rules.length > 0 ? settings.rules : environment.rulesDirs;
  const place: RulesPlace = { folders, engine: settings.engine, cacheFolder: environment.cacheDir };
  const rules = putInForce(buildFrom(readRuleFiles(folders), place), pool);
  const { startServer } = await import('./start-server.ts');
  return startServer({ environment, place, pool, rules });
}

/** Never rejects: without rules the service is there, and says so. */
async function putInForce(building: Promise<BuiltRules>, pool: EnginePool): Promise<FirstRules> {
  try {
    const rules = await building;
    await pool.use(rules);
    return { ok: true, rules };
  } catch (error) {
    const why = inWords(error);
    pool.giveUp(why);
    return { ok: false, why };
  }
}
