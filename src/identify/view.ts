/** What identification may look at: the beginning and, where there is one, the end of an artifact. */
export class View {
  readonly head: Buffer;
  readonly tail: Buffer | null;
  /** In bytes; null for a stream longer than its head. */
  readonly size: number | null;

  constructor(head: Buffer, tail: Buffer | null, size: number | null) {
    this.head = head;
    this.tail = tail;
    this.size = size;
  }

  /** The head is all there is. */
  get whole(): boolean {
    return this.size !== null && this.size <= this.head.length;
  }

  /** The last bytes there are; null for a stream, whose end nobody has seen yet. */
  get end(): Buffer | null {
    return this.whole ? this.head : this.tail;
  }

  /** Exactly `length` bytes at `offset`; null where they are out of sight or past the end. */
  at(offset: number, length: number): Buffer | null {
    if (!Number.isSafeInteger(offset) || offset < 0 || length < 0) return null;
    if (offset + length <= this.head.length) return this.head.subarray(offset, offset + length);
    if (this.tail === null || this.size === null) return null;
    const start = offset - (this.size - this.tail.length);
    if (start < 0 || start + length > this.tail.length) return null;
    return this.tail.subarray(start, start + length);
  }

  /** True when `bytes` (one character a byte) stand at `offset`. */
  has(offset: number, bytes: string): boolean {
    const { head } = this;
    if (offset + bytes.length > head.length) return false;
    for (let i = 0; i < bytes.length; i++) if (head[offset + i] !== bytes.charCodeAt(i)) return false;
    return true;
  }

  /** The byte at `offset` of the head; -1 past its end. */
  byte(offset: number): number {
    return this.head[offset] ?? -1;
  }

  /** Bytes of the head, one character each; fewer at its end. */
  latin1(start: number, end: number): string {
    return this.head.toString('latin1', start, Math.min(end, this.head.length));
  }

  /** Little-endian numbers of the head; -1 past its end. */
  u16(offset: number): number {
    return offset + 2 <= this.head.length ? this.head.readUInt16LE(offset) : -1;
  }
  u32(offset: number): number {
    return offset + 4 <= this.head.length ? this.head.readUInt32LE(offset) : -1;
  }

  /** Big-endian numbers of the head; -1 past its end. */
  be16(offset: number): number {
    return offset + 2 <= this.head.length ? this.head.readUInt16BE(offset) : -1;
  }
  be32(offset: number): number {
    return offset + 4 <= this.head.length ? this.head.readUInt32BE(offset) : -1;
  }
}
