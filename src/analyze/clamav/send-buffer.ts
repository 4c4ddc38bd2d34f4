import { END_OF_STREAM } from './instream.ts';

const BEGIN = Buffer.from('zINSTREAM\0', 'latin1');
const LENGTH_BYTES = 4;
/** What each stream needs beside its bytes. */
export const FRAME_BYTES: number = BEGIN.length + LENGTH_BYTES + END_OF_STREAM.length;

/**
 * What is to be sent next, gathered in place: small streams come by the thousand, and memory of its own for each costs more than
 * copying it. One buffer is filled while the other is on its way.
 */
export class SendBuffer {
  readonly #size: number;
  #filling: Buffer | null = null;
  #spare: Buffer | null = null;
  #end = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#end;
  }

  /** There has to be room. */
  add(bytes: Buffer): void {
    this.#end += bytes.copy(this.#buffer(), this.#end);
  }

  /** A request with all of its bytes (clamd(8), INSTREAM), as one chunk. There has to be room. */
  addStream(bytes: Buffer): void {
    this.add(BEGIN);
    this.#end = this.#buffer().writeUInt32BE(bytes.length, this.#end);
    this.add(bytes);
    this.add(END_OF_STREAM);
  }

  /** What was gathered, the taker's until it is given back. */
  take(): Buffer {
    const taken = this.#buffer().subarray(0, this.#end);
    this.#filling = null;
    this.#end = 0;
    return taken;
  }

  giveBack(taken: Buffer): void {
    this.#spare ??= Buffer.from(taken.buffer, taken.byteOffset, this.#size);
  }

  #buffer(): Buffer {
    this.#filling ??= this.#spare ?? Buffer.allocUnsafeSlow(this.#size);
    if (this.#filling === this.#spare) this.#spare = null;
    return this.#filling;
  }
}
