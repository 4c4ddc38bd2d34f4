/** The first entries of a list without end, and how many came after them. */
export class BoundedList<T> {
  readonly #maxEntries: number;
  readonly #maxUnits: number;
  readonly #entries: T[] = [];
  #units = 0;
  #omitted = 0;

  /** At most `maxEntries`, together at most `maxUnits` (whatever `push` is told to count: characters here). */
  constructor(maxEntries: number, maxUnits: number) {
    this.#maxEntries = maxEntries;
    this.#maxUnits = maxUnits;
  }

  /** True when the entry was kept. */
  push(entry: T, units: number): boolean {
    const fits = this.#entries.length < this.#maxEntries && this.#units + units <= this.#maxUnits;
    if (fits) {
      this.#entries.push(entry);
      this.#units += units;
    } else this.#omitted++;
    return fits;
  }

  get entries(): readonly T[] {
    return this.#entries;
  }

  get omitted(): number {
    return this.#omitted;
  }
}
