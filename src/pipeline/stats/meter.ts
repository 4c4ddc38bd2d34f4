/** What files waited for, and what was done for them, counted in one worker. */
export interface Metered {
  readonly waits: Readonly<Record<string, Wait>>;
  readonly reads: number;
  readonly read_bytes: number;
  readonly hashed_bytes: number;
  readonly yara_read_bytes: number;
  readonly scratch_files: number;
  readonly examinations: Readonly<Record<string, number>>;
}

interface Wait {
  readonly times: number;
  readonly ms: number;
}

/** A worker has one where somebody asked (`scan --stats`); where nobody did there is none, and nothing is measured. */
export class Meter {
  readonly #waits = new Map<string, { times: number; ms: number }>();
  readonly #examinations = new Map<string, number>();
  #reads = 0;
  #readBytes = 0;
  #hashedBytes = 0;

  /** Bytes that were read from what is scanned, in one call. */
  readonly read = (bytes: number): void => {
    this.#reads++;
    this.#readBytes += bytes;
  };

  hashed(bytes: number): void {
    this.#hashedBytes += bytes;
  }

  examined(analyzer: string): void {
    this.#examinations.set(analyzer, (this.#examinations.get(analyzer) ?? 0) + 1);
  }

  /** `since`: of performance.now(). */
  waited(what: string, since: number): void {
    const wait = this.#waits.get(what) ?? { times: 0, ms: 0 };
    this.#waits.set(what, wait);
    wait.times++;
    wait.ms += performance.now() - since;
  }

  /** Passes it on, and counts how long it took. */
  async during<T>(what: string, work: Promise<T>): Promise<T> {
    const since = performance.now();
    try {
      return await work;
    } finally {
      this.waited(what, since);
    }
  }

  /** The same of everything that comes. */
  async *each(what: string, stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    let since = performance.now();
    for await (const chunk of stream) {
      this.waited(what, since);
      yield chunk;
      since = performance.now();
    }
    this.waited(what, since);
  }

  close(counted: Pick<Metered, 'yara_read_bytes' | 'scratch_files'>): Metered {
    return {
      ...counted,
      waits: Object.fromEntries(this.#waits),
      reads: this.#reads,
      read_bytes: this.#readBytes,
      hashed_bytes: this.#hashedBytes,
      examinations: Object.fromEntries(this.#examinations),
    };
  }
}
