import { engineBuild, type EngineChoice } from '../../analyze/yara/load-engine.ts';
import type { RejectedRule } from '../../domain/index.ts';
import { compile, type CompiledRules } from './compiler.ts';
import { idOf, RuleCache } from './rule-cache.ts';
import { readRuleFiles, type RuleSources } from './rule-files.ts';

export interface RulesPlace {
  readonly folders: readonly string[];
  readonly engine: EngineChoice;
  /** Where compiled sets are kept; null: nowhere. */
  readonly cacheFolder: string | null;
}

/** Rules as they can be put in force. */
export interface BuiltRules extends CompiledRules {
  /** Equal for rules that are the same. */
  readonly id: string;
  /** Over the names and contents of all files; null without any. */
  readonly sha256: string | null;
  /** What was left out, unread or uncompiled. */
  readonly rejected: readonly RejectedRule[];
  readonly from: 'cache' | 'compiler';
  /** What was wrong with the cache; null: nothing. */
  readonly cacheTrouble: string | null;
}

/** The rules of the folders: out of the cache, or compiled. Throws BL_RULES and CompileFailed. */
export async function buildRules(place: RulesPlace): Promise<BuiltRules> {
  return buildFrom(readRuleFiles(place.folders), place);
}

/** The same of what was read already. */
export async function buildFrom(
  sources: RuleSources,
  { folders, engine, cacheFolder }: RulesPlace,
): Promise<BuiltRules> {
  const id = idOf(await engineBuild(), engine, sources);
  const troubles: string[] = [];
  const told = (error: unknown): null => {
    troubles.push(error instanceof Error ? error.message : String(error));
    return null;
  };
  const cache = cacheFolder === null ? null : await RuleCache.open(cacheFolder, folders).catch(told);
  const cached = await cache?.find(id).catch(told);
  if (cached?.state === 'damaged') troubles.push(`the cached rules were damaged: ${cached.why}`);
  const found = cached?.state === 'found' ? cached.compiled : null;
  const compiled = found ?? (await compile(sources.files, engine));
  if (found === null) await cache?.keep(id, compiled).catch(told);
  return {
    ...compiled,
    id,
    sha256: sources.sha256,
    rejected: [...sources.rejected, ...compiled.report.rejected],
    from: found === null ? 'compiler' : 'cache',
    cacheTrouble: troubles.length === 0 ? null : troubles.join('; '),
  };
}
