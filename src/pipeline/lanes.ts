/**
 * Up to `width` small pieces of work, of `bytes` together, go on while the producer brings the next one. Failures are not
 * lost: `admit` or `settle` throws the first.
 */
export class Lanes {
  readonly #width: number;
  readonly #bytes: number;
  #held = 0;
  readonly #going = new Set<Promise<void>>();
  #failure: { error: unknown } | null = null;

  constructor(width: number, bytes: number) {
    this.#width = width;
    this.#bytes = bytes;
  }

  /** Resolves when there is room for another as large as they may be. */
  async admit(work: Promise<void>, bytes: number): Promise<void> {
    const settled = work
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#going.delete(settled);
        this.#held -= bytes;
      });
    this.#going.add(settled);
    this.#held += bytes;
    while (this.#going.size >= this.#width || this.#held > this.#bytes) await Promise.race(this.#going);
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
