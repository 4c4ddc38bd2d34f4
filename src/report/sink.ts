import type { Writable } from 'node:stream';
import { BackupLensError, inWords } from '../domain/index.ts';

const WORDS: Readonly<Record<string, string>> = {
  EPIPE: 'whoever read it has gone',
  ERR_STREAM_DESTROYED: 'it was closed',
  ERR_STREAM_WRITE_AFTER_END: 'it was closed',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would become too large',
  EROFS: 'the file system is read-only',
  EIO: 'input/output error',
};

/** True for the error of a report whose reader went away (`backuplens scan … | head`): nothing is left to say. */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof BackupLensError && error.code === 'BL_OUTPUT' && code(error.cause) === 'EPIPE';
}

function code(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/**
 * Writes text with back-pressure: `write` comes back once there is room for more, so that a slow reader holds the
 * scan instead of filling memory. It waits as long as the reader takes (a person may have stopped a pager).
 * The first failure of the stream is thrown from whatever is called next, as BL_OUTPUT. Does not end the stream.
 */
export class Sink {
  readonly #stream: Writable;
  #failure: BackupLensError | null = null;
  #unwritten = 0;
  #wake: (() => void)[] = [];

  constructor(stream: Writable) {
    this.#stream = stream;
    // Never taken off again: a pipe may tell of its end long after the last write, and unheard that ends the process.
    stream.on('error', (error) => this.#fail(error));
    stream.on('close', () => {
      if (this.#unwritten > 0) this.#fail(closed());
    });
    stream.on('drain', () => this.#woken());
  }

  async write(text: string): Promise<void> {
    this.#check();
    this.#unwritten++;
    const room = this.#stream.write(text, (error) => {
      this.#unwritten--;
      if (error) this.#fail(error);
      else if (this.#unwritten === 0) this.#woken();
    });
    if (!room) while (this.#stream.writableNeedDrain) await this.#change();
    this.#check();
  }

  /** Comes back when everything was handed to the operating system. */
  async flush(): Promise<void> {
    while (this.#unwritten > 0 && this.#failure === null) await this.#change();
    this.#check();
  }

  #check(): void {
    if (this.#failure === null && this.#stream.destroyed) this.#fail(closed());
    if (this.#failure !== null) throw this.#failure;
  }

  async #change(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #fail(cause: Error): void {
    const why = WORDS[code(cause)] ?? inWords(cause);
    this.#failure ??= new BackupLensError('BL_OUTPUT', `the report cannot be written: ${why}`, { cause });
    this.#woken();
  }

  #woken(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const resolve of waiting) resolve();
  }
}

function closed(): Error {
  return Object.assign(new Error('the stream was closed'), { code: 'ERR_STREAM_DESTROYED' });
}
