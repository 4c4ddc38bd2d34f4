import type { Scratch } from '../../bytes/index.ts';
import { HttpError } from '../../http/index.ts';

/** Of uploads together: how many at a time, and how many bytes in the scratch folder. */
export class UploadQuota {
  readonly #scratch: Scratch;
  readonly #maxUploads: number;
  readonly #maxBytes: number;
  #uploads = 0;
  #bytes = 0;

  constructor(scratch: Scratch, { uploads, bytes }: { readonly uploads: number; readonly bytes: number }) {
    this.#scratch = scratch;
    this.#maxUploads = uploads;
    this.#maxBytes = bytes;
  }

  /** A place among them, until `release`. Throws 503 when there is none. */
  begin(): Upload {
    if (this.#uploads >= this.#maxUploads) throw busy('too many uploads at a time');
    this.#uploads++;
    let held = 0;
    let over = false;
    return {
      hold: async (bytes) => {
        if (this.#bytes + bytes > this.#maxBytes) throw busy('the uploads together are too large');
        if ((await this.#scratch.freeBytes()) < bytes) throw busy('the scratch folder is full');
        this.#bytes += bytes;
        held += bytes;
      },
      release: () => {
        if (over) return;
        over = true;
        this.#uploads--;
        this.#bytes -= held;
      },
    };
  }
}

export interface Upload {
  /** So many more bytes are to be written. Throws 503 when they must not. */
  hold(bytes: number): Promise<void>;
  release(): void;
}

function busy(message: string): HttpError {
  return new HttpError(503, message, 'busy');
}
