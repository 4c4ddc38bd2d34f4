import { forTerminal } from '../../report/index.ts';

/** Enough for all that freshclam says of three databases. */
const MAX_BYTES = 64 * 1024;

/** The last of what a program says, in bounded memory. */
export class OutputTail {
  #parts: Buffer[] = [];
  #bytes = 0;

  push(chunk: Buffer): void {
    this.#parts.push(Buffer.from(chunk.subarray(-MAX_BYTES)));
    this.#bytes += chunk.length;
    if (this.#bytes > 2 * MAX_BYTES) this.#parts = [this.#tail()];
    if (this.#parts.length === 1) this.#bytes = this.#parts[0]?.length ?? 0;
  }

  /** Line by line, whatever is not printable escaped. */
  said(): string {
    const lines = this.#tail()
      .toString()
      .replace(/\r(?!\n)/g, '\n')
      .split(/\r?\n/);
    return lines.map(forTerminal).join('\n');
  }

  #tail(): Buffer {
    return Buffer.concat(this.#parts).subarray(-MAX_BYTES);
  }
}
