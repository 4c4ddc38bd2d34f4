/**
 * Up to `width` small pieces of work go on while the producer brings the next one. Failures are not lost: `admit` or
 * `settle` throws the first.
 */
export class Lanes {
  readonly #width: number;
  readonly #going = new Set<Promise<void>>();
  #failure: { error: unknown } | null = null;

  constructor(width: number) {
    this.#width = width;
  }

  /** Resolves when there is room again. */
  async admit(work: Promise<void>): Promise<void> {
    const settled = work
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#going.delete(settled));
    this.#going.add(settled);
    if (this.#going.size >= this.#width) await Promise.race(this.#going);
    this.#check();
  }

  async settle(): Promise<void> {
    await Promise.all(this.#going);
    this.#check();
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}
