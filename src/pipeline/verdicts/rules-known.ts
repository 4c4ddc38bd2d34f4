import type { VerdictCache } from '../../cache/index.ts';
import { engineStamp } from '../../analyze/yara/index.ts';
import type { YaraState } from '../../domain/index.ts';

/**
 * What our own YARA says of itself as long as it is the same program and its rules are the same: as long as nobody needs it, it need
 * not even start.
 */
export class RulesKnown {
  readonly #cache: VerdictCache;
  readonly #read: () => string;
  readonly #print: string;
  readonly #key: Buffer;

  /** `read`: over names and contents of all that may be read of its rules, as they are now. Throws what reading them does. */
  constructor(cache: VerdictCache, program: string, read: () => string) {
    this.#cache = cache;
    this.#read = read;
    this.#print = read();
    this.#key = cache.keyOf('yara', program, engineStamp(), this.#print);
  }

  /** Null: nobody knows. */
  get state(): YaraState | null {
    const value = this.#cache.get('fact', this.#key);
    return value === null ? null : JSON.parse(value.toString());
  }

  /** Unless something of its rules was rejected, which may be otherwise another time, or they may have changed while it read them. */
  keep(told: YaraState): void {
    const { address: _, ...state } = told;
    const known = { ...state, address: null };
    const isLasting = state.status === 'ok' && state.rejected.length === 0 && this.#isSame();
    const value = Buffer.from(JSON.stringify(isLasting ? known : null));
    if (this.#cache.get('fact', this.#key)?.equals(value) === true) return;
    this.#cache.keep([{ kind: 'fact', key: this.#key, value, made: Date.now() }]);
  }

  #isSame(): boolean {
    try {
      return this.#read() === this.#print;
    } catch {
      return false; // They are gone.
    }
  }
}
