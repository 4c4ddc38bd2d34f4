import { readSync } from 'node:fs';
import { extentAt, extentOf, PackedUnits, type Extent, type ExtentMap } from '../../bytes/index.ts';
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
  if (input.kind === 'joined') return new JoinedInput(input.parts.map((part) => archiveInput(part, control)));
  if (input.kind === 'volumes') throw new Error('volumes are opened one by one');
  if (input.kind === 'mapped') return new MappedInput(archiveInput(input.base, control), input.map);
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

/** As JoinedSource, but at once. */
class JoinedInput implements ArchiveInput {
  readonly streams = false;
  readonly size: number;
  readonly #parts: readonly ArchiveInput[];
  constructor(parts: readonly ArchiveInput[]) {
    this.#parts = parts;
    this.size = parts.reduce((sum, part) => sum + part.size, 0);
  }

  /** What one part has of it. */
  read(target: Uint8Array, position: number): number {
    let start = 0;
    for (const part of this.#parts) {
      const within = position - start;
      if (within < part.size) return part.read(target.subarray(0, part.size - within), within);
      start += part.size;
    }
    return 0;
  }
}

/** As MappedSource, but at once: this thread has nothing else to do. */
class MappedInput implements ArchiveInput {
  readonly streams = false;
  readonly #base: ArchiveInput;
  readonly #map: ExtentMap;
  readonly #units: PackedUnits;

  constructor(base: ArchiveInput, map: ExtentMap) {
    this.#base = base;
    this.#map = map;
    this.#units = new PackedUnits(map.packing);
  }
  get size(): number {
    return this.#map.size;
  }

  /** One extent or hole, or a part of it. */
  read(target: Uint8Array, position: number): number {
    const wanted = Math.min(target.length, this.size - position);
    if (wanted <= 0) return 0;
    const index = extentAt(this.#map, position);
    const extent = index < this.#map.count ? extentOf(this.#map, index) : null;
    if (extent === null || extent.start > position) {
      const count = Math.min(wanted, extent === null ? wanted : extent.start - position);
      target.subarray(0, count).fill(0);
      return count;
    }
    const count = Math.min(wanted, extent.end - position);
    const within = position - extent.start;
    if (extent.stored === 0) return this.#base.read(target.subarray(0, count), extent.from + within);
    const unit = this.#units.kept(index) ?? this.#decode(index, extent);
    target.set(unit.subarray(within, within + count));
    return count;
  }

  #decode(index: number, { start, end, from, stored }: Extent): Buffer {
    const bytes = Buffer.allocUnsafe(stored);
    let filled = 0;
    while (filled < stored) {
      const got = this.#base.read(bytes.subarray(filled), from + filled);
      if (got === 0) break;
      filled += got;
    }
    return this.#units.decode(
      index,
      bytes.subarray(0, filled),
      end - start,
      Math.min(end, this.size) - start,
    );
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
