import type { Member } from './format.ts';
import { cleanPath, nameKey } from './member-name.ts';

/** Links remembered a container: 100,000 names of at most 4 KiB. Beyond, they are only counted. */
const KEPT_LINKS = 100_000;
const KEPT_NAME_BYTES = 4096;

/** The links that a container has listed so far: a member below one of them would be written somewhere else. */
export class Links {
  readonly #paths = new Set<string>();

  add(name: Member['name']): void {
    if (this.#paths.size < KEPT_LINKS && name.length <= KEPT_NAME_BYTES)
      this.#paths.add(cleanPath(nameKey(name)));
  }

  /** The link that `name` passes through; null when there is none. */
  crossedBy(name: Member['name']): string | null {
    if (this.#paths.size === 0) return null;
    const path = cleanPath(nameKey(name).slice(0, KEPT_NAME_BYTES));
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      const folder = path.slice(0, at);
      if (this.#paths.has(folder)) return folder;
    }
    return null;
  }
}
