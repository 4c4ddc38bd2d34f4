/**
 * Up to `width` small pieces of work, of `bytes` together, go on while the producer brings the next one. Failures are not
 * lost: `admit` or `settle` throws the first.
 */
export class Lanes {
  readonly #width: number;
  readonly #bytes: number;
  #held = 0;
  #going = 0;
  /** Of those who wait for room. */
  #wakes: (() => void)[] = [];
  #failure: { error: unknown } | null = null;

  constructor(width: number, bytes: number) {
    this.#width = width;
    this.#bytes = bytes;
  }

  /** Resolves when there is room for another as large as they may be. */
  async admit(work: Promise<void>, bytes: number): Promise<void> {
    this.#going++;
    this.#held += bytes;
    void work
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#going--;
        this.#held -= bytes;
        for (const wake of this.#wakes.splice(0)) wake();
      });
    await this.#until(() => this.#going < this.#width && this.#held <= this.#bytes);
  }

  async settle(): Promise<void> {
    await this.#until(() => this.#going === 0);
  }

  async #until(met: () => boolean): Promise<void> {
    while (!met()) await new Promise<void>((resolve) => this.#wakes.push(resolve));
    this.#check();
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}
