import { setTimeout as sleep } from 'node:timers/promises';
import type { EffectiveConfig } from '../../config/index.ts';
import { inWords, type JournalAction, type Policy } from '../../domain/index.ts';
import { isUp, type Judge } from '../../pipeline/index.ts';
import { tellHashSets } from './lists.ts';
import type { Means } from './means.ts';
import type { TakenUp } from './taken-up.ts';

const TICK_MS = 1000;
/** Scanners behind one address that have different rules must not fill the journal. */
const QUIET_MS = 30_000;

/**
 * What decides: the policy, the lists of hashes and names, the rules. Each is read again by itself; what is broken is refused and what
 * was in force stays, and the journal, so that others are told, has both what was taken and what was refused (ATTACKS A19).
 */
export class InForce {
  readonly #taken: Pick<TakenUp, 'store' | 'log' | 'who' | 'bundles'>;
  readonly #means: Pick<Means, 'engines' | 'lists' | 'book' | 'metrics' | 'renew'>;
  readonly #policyChanged: () => void;
  #policy: Policy;
  #rulesDue = 0;

  constructor(taken: TakenUp, means: Means, policyChanged: () => void) {
    this.#taken = taken;
    this.#means = means;
    this.#policyChanged = policyChanged;
    this.#policy = taken.settings.config.policy.policy;
  }

  readonly judge = (): Judge => ({
    policy: this.#policy,
    baseline: [],
    as_of: new Date().toISOString(),
  });

  /** Notes which rules find things, whoever changed them, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#noteRules();
      } catch (error) {
        this.#taken.log.error('the rules in force cannot be written down', { untrusted: { error } });
      }
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** From the next file on; never throws. */
  async readAgain(read: () => EffectiveConfig): Promise<void> {
    const { log } = this.#taken;
    let config: EffectiveConfig;
    try {
      config = read();
    } catch (error) {
      const { sha256: policy_sha256 } = this.#policy;
      log.error('the policy was not taken: the old one stays', { policy_sha256, untrusted: { error } });
      await this.#refused('policy_refused', inWords(error));
      return;
    }
    // For those that stand decided, where it is harsher: a looser one frees nothing.
    this.#policy = config.policy.policy;
    this.#policyChanged();
    log.info('policy read again', { policy_sha256: this.#policy.sha256 });
    await this.#lists(config);
    try {
      await this.#rules(config);
    } catch (error) {
      await this.#rulesRefused(inWords(error));
    }
  }

  async #lists(config: EffectiveConfig): Promise<void> {
    const { lists, engines, metrics, book, renew } = this.#means;
    const { log } = this.#taken;
    try {
      await lists.readAgain(config);
      engines.setHashSets(lists.state);
      tellHashSets(log, metrics, lists.state);
      renew();
      await book?.flush();
    } catch (error) {
      log.error('the lists were not taken: the old ones stay', { untrusted: { error } });
      await this.#refused('lists_refused', inWords(error));
    }
  }

  async #rules(config: EffectiveConfig): Promise<void> {
    const { engines } = this.#means;
    const { bundles, log } = this.#taken;
    await bundles.record();
    const wanted = await bundles.fewerRulesWanted();
    const before = engines.state.yara.rules;
    const why = await engines.readRulesAgain(config.rulesDirs.value, wanted !== null);
    const { rules } = engines.state.yara;
    if (why !== null) {
      await this.#rulesRefused(why);
      return;
    }
    await bundles.used();
    if (wanted !== null && rules < before) {
      log.warn('fewer rules, as somebody wanted', { rules, before, untrusted: { wanted } });
    }
    log.info('rules read again', { rules });
  }

  async #rulesRefused(why: string): Promise<void> {
    const { rules } = this.#means.engines.state.yara;
    this.#taken.log.error('the rules were not taken: the old ones stay', { rules, untrusted: { why } });
    await this.#refused('rules_refused', why);
  }

  async #noteRules(): Promise<void> {
    const { status, rules: count, rules_sha256: sha256 } = this.#means.engines.state.yara;
    if (!isUp(status) || performance.now() < this.#rulesDue) return;
    if (sha256 === null || !/^[0-9a-f]{64}$/.test(sha256)) return;
    if (!(await this.#taken.store.judgements.takeRules({ count, sha256 }))) return;
    this.#rulesDue = performance.now() + QUIET_MS;
    this.#taken.log.info('these rules find things from now on', { rules: count, rules_sha256: sha256 });
  }

  async #refused(action: JournalAction, detail: string): Promise<void> {
    const { store, who, log } = this.#taken;
    const nothing = { file: null, item: null, path: null, sha256: null, decision: null, verdict: null };
    try {
      await store.journal.append({ action, time: new Date().toISOString(), who, ...nothing, detail });
    } catch (error) {
      log.error('a refusal could not be written down', { untrusted: { error } });
    }
  }
}
