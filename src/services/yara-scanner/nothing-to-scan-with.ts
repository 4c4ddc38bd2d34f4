import type { EnginePool } from './engine-pool.ts';
import { failed, type ScanAnswer } from './scan-question.ts';

/** Why nothing can be scanned now; null: it can. */
export function nothingToScanWith(pool: EnginePool): Extract<ScanAnswer, { readonly ok: false }> | null {
  const { version, rules } = pool.state();
  if (version === null) return failed('engine_failed', 'the YARA engine does not start');
  return rules === 0 ? failed('no_rules', 'no rules are loaded') : null;
}
