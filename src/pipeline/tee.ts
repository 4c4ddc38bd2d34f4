/**
 * One chunk at a time from the pass over an artifact to whoever opens it as a container meanwhile. `write`
 * resolves when the reader asks for the next chunk (so the chunk is valid while it is worked on), or at once when the
 * reader has left.
 */
export class Tee {
  #chunk: Buffer | null = null;
  #failure: unknown = null;
  #state: 'open' | 'ended' | 'failed' | 'left' = 'open';
  #wakeReader: (() => void) | null = null;
  #wakeWriter: (() => void) | null = null;

  async write(chunk: Buffer): Promise<void> {
    if (this.#state !== 'open') return;
    this.#chunk = chunk;
    this.#wakeReader?.();
    await new Promise<void>((resolve) => {
      this.#wakeWriter = resolve;
    });
  }

  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#wakeReader?.();
  }

  /** The bytes broke off: the reader's iteration throws `error`. */
  fail(error: unknown): void {
    if (this.#state === 'open') {
      this.#state = 'failed';
      this.#failure = error;
    }
    this.#wakeReader?.();
  }

  /** For the reader, once. Leaving the loop early lets the writer run on freely. */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    try {
      for (;;) {
        const chunk = this.#chunk;
        if (chunk !== null) {
          yield chunk;
          this.#chunk = null;
          this.#wakeWriter?.();
        } else if (this.#state === 'failed') throw this.#failure;
        else if (this.#state !== 'open') return;
        else {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
        }
      }
    } finally {
      this.leave();
    }
  }

  /** The reader wants no more, or never began. */
  leave(): void {
    if (this.#state === 'open') this.#state = 'left';
    this.#chunk = null;
    this.#wakeWriter?.();
  }
}
