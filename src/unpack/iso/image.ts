import type { ByteSource } from '../../bytes/index.ts';
import { ByteLedger } from '../byte-ledger.ts';
import type { FormatSink } from '../format.ts';
import { OverBudget } from '../trouble.ts';
import { directoryRecord, type Extent } from './record.ts';
import { SECTOR_BYTES } from './volume.ts';

/** Sectors of folders read: 2 GiB of them, more than ten million names need. About 40 MB are held for them. */
const MAX_FOLDER_SECTORS = 1024 * 1024;
/** Contents remembered so that another tree's name for them is not a second examination: usually 100 MB of keys. */
const MAX_REMEMBERED = 1_000_000;
const MAX_KEY_LENGTH = 200;

/** What all trees of one image share: its bytes, and what was read of them so far. */
export class Image {
  readonly source: ByteSource;
  readonly sink: FormatSink;
  readonly signal: AbortSignal;
  readonly ledger: ByteLedger;
  readonly #folderSectors = new Set<number>();
  readonly #examined = new Set<string>();

  constructor(source: ByteSource, sink: FormatSink, signal: AbortSignal) {
    this.source = source;
    this.sink = sink;
    this.signal = signal;
    this.ledger = new ByteLedger(source.size);
  }

  /** True the first time: no sector is read twice as part of a folder, whoever points at it. Throws OverBudget. */
  enterSector(start: number): boolean {
    if (this.#folderSectors.has(start)) return false;
    if (this.#folderSectors.size >= MAX_FOLDER_SECTORS)
      throw new OverBudget(`folders of more than ${MAX_FOLDER_SECTORS} sectors`);
    this.#folderSectors.add(start);
    return true;
  }

  isFolder(start: number): boolean {
    return this.#folderSectors.has(start);
  }

  /** True the first time, and always beyond what is remembered. */
  examineOnce(key: string): boolean {
    if (this.#examined.has(key)) return false;
    if (this.#examined.size < MAX_REMEMBERED && key.length <= MAX_KEY_LENGTH) this.#examined.add(key);
    return true;
  }

  /** A copy of the bytes at `start`; shorter only at the end of the image. */
  async bytesAt(start: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, await this.source.readAt(bytes, start));
  }

  /** The folder at `start` as its own first record tells it; null when there is none. */
  async folderAt(start: number, blockBytes: number): Promise<Extent | null> {
    const record = directoryRecord(await this.bytesAt(start, SECTOR_BYTES), 0, blockBytes);
    if (record === null || !record.isFolder || !record.name.equals(SELF)) return null;
    return record.extents.find((extent) => extent.start === start) ?? null;
  }
}

/** The identifiers of a folder's own record, and of the one above it. */
export const SELF = Buffer.from([0]);
export const PARENT = Buffer.from([1]);
