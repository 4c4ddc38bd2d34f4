/** Type, three zeros and a length in network order stand before each piece of output (Engine API, attach: stream format). */
const HEADER_BYTES = 8;
/** Output is handed on as it comes: a frame is never held, whatever length it claims. */
const STREAMS = [0, 1, 2];

/** Takes the frames off what an engine sends of a program's output; without frames (a terminal) it is handed on as it is. */
export class EngineStream {
  readonly #out: (chunk: Buffer) => void;
  #header: Buffer = Buffer.alloc(0);
  #left = 0;
  #raw = false;

  constructor(out: (chunk: Buffer) => void) {
    this.#out = out;
  }

  push(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0;) {
      if (this.#raw) return this.#out(rest);
      if (this.#left > 0) {
        const piece = rest.subarray(0, this.#left);
        this.#out(piece);
        this.#left -= piece.length;
        rest = rest.subarray(piece.length);
        continue;
      }
      const wanted = HEADER_BYTES - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, wanted)]);
      rest = rest.subarray(wanted);
      if (this.#header.length < HEADER_BYTES) return;
      const isFrame = STREAMS.includes(this.#header[0] ?? -1) && this.#header.readUIntBE(1, 3) === 0;
      if (isFrame) this.#left = this.#header.readUInt32BE(4);
      else {
        this.#raw = true;
        this.#out(this.#header);
      }
      this.#header = Buffer.alloc(0);
    }
  }
}
