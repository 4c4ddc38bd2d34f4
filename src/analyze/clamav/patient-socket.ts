import { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * A socket that can still be read after a write has failed. Node destroys a socket whose write fails, and with it
 * what the peer said before it closed: clamd's "INSTREAM size limit exceeded" is lost in that way.
 */
export class PatientSocket extends Socket {
  #failure: Error | null = null;

  /** Why a write failed; null while none has. */
  get writeFailure(): Error | null {
    return this.#failure;
  }

  // The hooks that node:stream documents for those who implement a stream are named like this.
  /* oxlint-disable no-underscore-dangle */
  override _write(chunk: unknown, encoding: BufferEncoding, done: Done): void {
    super._write(chunk, encoding, this.#keeping(done));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: Done): void {
    super._writev?.(chunks, this.#keeping(done));
  }
  /* oxlint-enable no-underscore-dangle */

  #keeping(done: Done): Done {
    return (error) => {
      this.#failure ??= error ?? null;
      done();
    };
  }
}
