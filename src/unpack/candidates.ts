import type { MemberSink } from './format.ts';

/** Passwords in the order in which they are tried: the well-known ones of a format, then those given. Knows which was tried last. */
export class Candidates implements Iterable<string> {
  readonly #wellKnown: readonly string[];
  readonly #given: readonly string[];
  readonly #all: readonly string[];
  #last = '';

  constructor(wellKnown: readonly string[], given: readonly string[]) {
    this.#wellKnown = wellKnown;
    this.#given = given;
    this.#all = [...new Set([...wellKnown, ...given])];
  }

  get length(): number {
    return this.#all.length;
  }

  *[Symbol.iterator](): Generator<string, void, undefined> {
    for (const password of this.#all) {
      this.#last = password;
      yield password;
    }
  }

  /** The one that was tried last opened it. Of those that were given only the place in the list is told. */
  tell(sink: Pick<MemberSink, 'measure'>): void {
    const which = this.#wellKnown.includes(this.#last)
      ? 'opened_with_well_known_password'
      : `members_opened_with_password_${this.#given.indexOf(this.#last)}`;
    sink.measure(which, 1);
  }
}
