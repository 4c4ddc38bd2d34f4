import { nameFromBytes } from '../bytes/index.ts';
import { partName, setOf } from './part-name.ts';

/**
 * Archives in parts that have begun in one folder, by its names in their order. Whatever may be a part is met each time, and not
 * passed by as known: others of its set may have come since it was examined alone.
 */
export class BegunParts {
  readonly #sets = new Set<string>();

  /** A file is met: it begins a set, or one has begun that it may belong to. */
  meets(name: Buffer): boolean {
    const part = partName(nameFromBytes(name));
    if (part === null) return false;
    if (part.begins) this.#sets.add(setOf(part));
    return this.#sets.has(setOf(part));
  }

  /** The same of a file that may be known already: what begins a set never is. Costs nothing where no set has begun. */
  has(name: Buffer): boolean {
    if (this.#sets.size === 0) return false;
    const part = partName(nameFromBytes(name));
    return part !== null && this.#sets.has(setOf(part));
  }
}
