/** An exFAT put together by hand: what no mkfs.exfat makes (exFAT specification). */
export const SECTOR = 512;
const TABLE_SECTOR = 24;
const ENTRY = 32;
const LAST = 0xffff_ffff;
/** The root folder's first cluster. */
export const ROOT = 2;

interface Allocation {
  readonly first: number;
  readonly size: number | bigint;
  /** Its clusters follow each other, and the table says nothing of them. */
  readonly contiguous?: boolean;
}

export interface ExfatFile extends Allocation {
  readonly name: string;
  readonly folder?: boolean;
  readonly deleted?: boolean;
}

/** Clusters of one sector. `size` is claimed in bytes, as many clusters as `clusters` says; `used` bytes are there. */
export class ExfatImage {
  readonly bytes: Buffer;
  readonly heapAt: number;
  readonly #clusters: number;

  constructor({
    clusters,
    used = null,
    sectorsOfCluster = 1,
  }: {
    readonly clusters: number;
    readonly used?: number | null;
    readonly sectorsOfCluster?: number;
  }) {
    const tableSectors = Math.ceil(((clusters + 2) * 4) / SECTOR);
    const heapSector = TABLE_SECTOR + tableSectors;
    this.heapAt = heapSector * SECTOR;
    this.#clusters = clusters;
    const size = heapSector + clusters * sectorsOfCluster;
    this.bytes = Buffer.alloc(used ?? size * SECTOR);
    const boot = this.bytes;
    boot.write('EXFAT   ', 3);
    boot.writeBigUInt64LE(BigInt(size), 72);
    boot.writeUInt32LE(TABLE_SECTOR, 80);
    boot.writeUInt32LE(tableSectors, 84);
    boot.writeUInt32LE(heapSector, 88);
    boot.writeUInt32LE(clusters, 92);
    boot.writeUInt32LE(ROOT, 96);
    boot.writeUInt8(9, 108);
    boot.writeUInt8(Math.log2(sectorsOfCluster), 109);
    boot.writeUInt8(1, 110);
    this.#sum();
  }

  /** exFAT specification, 3.4: the last sector of the region repeats the sum of the others. */
  #sum(): void {
    let sum = 0;
    for (let at = 0; at < 11 * SECTOR; at++)
      if (![106, 107, 112].includes(at)) sum = (((sum << 31) | (sum >>> 1)) + (this.bytes[at] ?? 0)) >>> 0;
    this.bytes.writeUInt32LE(sum, 11 * SECTOR);
  }

  at(cluster: number): number {
    return this.heapAt + (cluster - 2) * SECTOR;
  }

  next(cluster: number, next: number): void {
    this.bytes.writeUInt32LE(next, TABLE_SECTOR * SECTOR + cluster * 4);
  }

  /** Clusters that follow each other by the table. */
  chain(clusters: readonly number[], end = LAST): void {
    for (const [i, cluster] of clusters.entries()) this.next(cluster, clusters[i + 1] ?? end);
  }

  /** A folder in clusters that follow each other, in their chain; how many it takes. */
  folder(cluster: number, entries: readonly Buffer[]): number {
    const content = Buffer.concat(entries);
    content.copy(this.bytes, this.at(cluster));
    const count = Math.max(1, Math.ceil(content.length / SECTOR));
    if (cluster - 2 + count > this.#clusters) throw new Error('the image is too small');
    this.chain(Array.from({ length: count }, (_, i) => cluster + i));
    return count;
  }
}

export function bitmapEntry({ first, size }: Allocation): Buffer {
  const entry = Buffer.alloc(ENTRY);
  entry.writeUInt8(0x81, 0);
  entry.writeUInt32LE(first, 20);
  entry.writeBigUInt64LE(BigInt(size), 24);
  return entry;
}

export function fileEntries(file: ExfatFile): Buffer {
  const { name, first, size, folder = false, contiguous = false, deleted = false } = file;
  const [head, stream, text] = [Buffer.alloc(ENTRY), Buffer.alloc(ENTRY), Buffer.alloc(ENTRY)];
  head.writeUInt8(0x85, 0);
  head.writeUInt8(2, 1);
  head.writeUInt16LE(folder ? 0x10 : 0x20, 4);
  stream.writeUInt8(0xc0, 0);
  stream.writeUInt8(contiguous ? 3 : 1, 1);
  stream.writeUInt8(name.length, 3);
  stream.writeBigUInt64LE(BigInt(size), 8);
  stream.writeUInt32LE(first, 20);
  stream.writeBigUInt64LE(BigInt(size), 24);
  text.writeUInt8(0xc1, 0);
  text.write(name.slice(0, 15), 2, 'utf16le');
  const all = Buffer.concat([head, stream, text]);
  let sum = 0;
  for (const [at, byte] of all.entries())
    if (at !== 2 && at !== 3) sum = ((((sum << 15) | (sum >>> 1)) & 0xffff) + byte) & 0xffff;
  all.writeUInt16LE(sum, 2);
  if (deleted) for (let at = 0; at < all.length; at += ENTRY) all.writeUInt8((all[at] ?? 0) & 0x7f, at);
  return all;
}
