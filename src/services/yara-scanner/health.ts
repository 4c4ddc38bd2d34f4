import type { YaraHealth } from '../../contracts/index.ts';
import type { EnginePool } from './engine-pool.ts';

/** What the scanner says of itself. */
export function healthOf(pool: EnginePool, rulesDir: string): YaraHealth {
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
