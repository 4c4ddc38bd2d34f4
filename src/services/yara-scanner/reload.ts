import { areManyFewer, BackupLensError, inWords } from '../../domain/index.ts';
import { buildRules, type BuiltRules, type RulesPlace } from './build-rules.ts';
import { CompileFailed } from './compiler.ts';
import type { EnginePool } from './engine-pool.ts';

export type Reloaded =
  | { readonly ok: true; readonly rules: BuiltRules; readonly changed: boolean }
  | { readonly ok: false; readonly message: string };

/**
 * Puts the rules of the folders in force while scans go on. What is asked for while one reload runs is done by one
 * more after it, for all who asked: it may see what the first has missed.
 */
export class Reloader {
  readonly #pool: EnginePool;
  readonly #place: () => RulesPlace;
  #folders: readonly string[];
  #running: Promise<Reloaded> | null = null;
  #next: { readonly force: boolean; readonly done: Promise<Reloaded> } | null = null;

  /** `place` is asked each time: a bundle may have come since. */
  constructor(pool: EnginePool, place: () => RulesPlace) {
    this.#pool = pool;
    this.#place = place;
    this.#folders = place().folders;
  }

  /** Of the rules in force. */
  get folders(): readonly string[] {
    return this.#folders;
  }

  /** `force`: also when many rules fewer come out of it. Never throws. */
  reload(force: boolean): Promise<Reloaded> {
    if (this.#running === null) return this.#run(force);
    // Who does not force must not be served by somebody else's force, nor the other way round.
    if (this.#next !== null && this.#next.force === force) return this.#next.done;
    const before = this.#next?.done ?? this.#running;
    const done = before.then(() => this.#run(force));
    this.#next = { force, done };
    return done;
  }

  #run(force: boolean): Promise<Reloaded> {
    if (this.#next?.force === force) this.#next = null;
    const running = this.#once(force).finally(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #once(force: boolean): Promise<Reloaded> {
    let place: RulesPlace;
    let rules: BuiltRules;
    try {
      place = this.#place();
      rules = await buildRules(place);
    } catch (error) {
      if (error instanceof BackupLensError || error instanceof CompileFailed) return refused(error.message);
      return refused(`the rules cannot be loaded: ${inWords(error)}`);
    }
    const { rules: count } = rules.report;
    const before = this.#pool.state().rules;
    if (count === 0) return refused('no rules were found, or none that compile');
    if (rules.id === this.#pool.rulesId && before > 0) {
      this.#folders = place.folders;
      return { ok: true, rules, changed: false };
    }
    if (!force && areManyFewer(before, count)) {
      return refused(`there would be ${count} rules instead of ${before}: say force to do it`);
    }
    if (!(await this.#pool.use(rules))) return refused('no engine can load the new rules');
    this.#folders = place.folders;
    return { ok: true, rules, changed: true };
  }
}

function refused(message: string): Reloaded {
  return { ok: false, message: `${message}; the rules that were loaded stay in force` };
}
