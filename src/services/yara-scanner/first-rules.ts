import { inWords } from '../../domain/index.ts';
import type { BuiltRules } from './build-rules.ts';
import type { EnginePool } from './engine-pool.ts';

/** What came of the rules at the start. */
export type FirstRules =
  { readonly ok: true; readonly rules: BuiltRules } | { readonly ok: false; readonly why: string };

/** Never rejects: without rules the service is there, and says so. */
export async function putInForce(building: Promise<BuiltRules>, pool: EnginePool): Promise<FirstRules> {
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
