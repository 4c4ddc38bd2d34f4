/** So many at a time, in the order in which they asked. */
export class Turns {
  #limit: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** More than that are not let in from now on; who is in stays. */
  set limit(limit: number) {
    this.#limit = Math.max(1, limit);
    this.#admit();
  }

  /** True: it is one's turn until one calls `done`. False: the signal came first. */
  async take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#taken < this.#limit) {
      this.#taken++;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const admit = (): void => resolve(true);
    const leave = (): void => {
      if (this.#waiting.delete(admit)) resolve(false);
    };
    this.#waiting.add(admit);
    signal.addEventListener('abort', leave, { once: true });
    const mine = await promise;
    signal.removeEventListener('abort', leave);
    return mine;
  }

  done(): void {
    this.#taken--;
    this.#admit();
  }

  #admit(): void {
    for (const admit of this.#waiting) {
      if (this.#taken >= this.#limit) return;
      this.#waiting.delete(admit);
      this.#taken++;
      admit();
    }
  }
}
