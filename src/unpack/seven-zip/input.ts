import { readSync } from 'node:fs';
import { CELL, SLOTS, SLOT_BYTES, type Input } from './protocol.ts';

/** The archive as 7-Zip reads it: synchronously, from where it is. */
export interface ArchiveInput {
  /** In bytes; 0 for a stream. */
  readonly size: number;
  /** Read from the program's standard input, not from a file. */
  readonly streams: boolean;
  /** Fills as much of `target` as there is; returns the count, 0 at the end. `position` is ignored by a stream. */
  read(target: Uint8Array, position: number): number;
}

export function archiveInput(input: Input, control: Int32Array): ArchiveInput {
  if (input.kind === 'file') return new FileInput(input);
  return input.kind === 'memory' ? new MemoryInput(input.bytes) : new RingInput(input.slots, control);
}

class MemoryInput implements ArchiveInput {
  readonly streams = false;
  readonly #bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
  get size(): number {
    return this.#bytes.length;
  }
  read(target: Uint8Array, position: number): number {
    const part = this.#bytes.subarray(position, position + target.length);
    target.set(part);
    return part.length;
  }
}

class FileInput implements ArchiveInput {
  readonly streams = false;
  readonly #input: Input & { kind: 'file' };
  constructor(input: Input & { kind: 'file' }) {
    this.#input = input;
  }
  get size(): number {
    return this.#input.size;
  }
  read(target: Uint8Array, position: number): number {
    const { fd, size } = this.#input;
    const wanted = Math.min(target.length, size - position);
    return wanted <= 0 ? 0 : readSync(fd, target, 0, wanted, position);
  }
}

/** A stream through shared memory: waits until the main thread has filled the next slot. */
class RingInput implements ArchiveInput {
  readonly size = 0;
  readonly streams = true;
  readonly #slots: Uint8Array;
  readonly #control: Int32Array;
  #within = 0;

  constructor(slots: SharedArrayBuffer, control: Int32Array) {
    this.#slots = new Uint8Array(slots);
    this.#control = control;
  }

  read(target: Uint8Array): number {
    const control = this.#control;
    const drained = Atomics.load(control, CELL.drained);
    for (;;) {
      const filled = Atomics.load(control, CELL.filled);
      if (filled !== drained) break;
      if (Atomics.load(control, CELL.inputEnded) === 1 && Atomics.load(control, CELL.filled) === drained)
        return 0;
      Atomics.wait(control, CELL.filled, filled, 1000);
    }
    const slot = drained % SLOTS;
    const length = Atomics.load(control, CELL.lengths + slot);
    const count = Math.min(target.length, length - this.#within);
    const from = slot * SLOT_BYTES + this.#within;
    target.set(this.#slots.subarray(from, from + count));
    this.#within += count;
    if (this.#within === length) {
      this.#within = 0;
      Atomics.store(control, CELL.drained, drained + 1);
      Atomics.notify(control, CELL.drained);
    }
    return count;
  }
}
