/** A qcow2 put together by hand (QEMU, docs/interop/qcow2.txt): where each cluster of the disk lies is up to the caller. */
export interface Qcow2 {
  readonly clusterBits: number;
  /** Of the disk, in bytes. */
  readonly size: number;
  /** Place in the file of each cluster of the disk that is in no hole, by its number. */
  readonly clusters: ReadonlyMap<number, number>;
}

/** Header and tables, which stand at the beginning of the file; data clusters are to follow from `dataAt` on. */
export function qcow2Tables({ clusterBits, size, clusters }: Qcow2): Buffer {
  const cluster = 2 ** clusterBits;
  const entries = cluster / 8;
  const tables = new Map<number, Buffer>();
  for (const [number, at] of clusters) {
    const index = Math.floor(number / entries);
    const table = tables.get(index) ?? Buffer.alloc(cluster);
    tables.set(index, table);
    table.writeBigUInt64BE(BigInt(at) | (1n << 63n), (number % entries) * 8);
  }
  const l1Count = Math.ceil(size / cluster / entries);
  const l1 = Buffer.alloc(Math.ceil((l1Count * 8) / cluster) * cluster);
  let next = cluster + l1.length;
  for (const index of tables.keys()) {
    l1.writeBigUInt64BE(BigInt(next) | (1n << 63n), index * 8);
    next += cluster;
  }
  const head = Buffer.alloc(cluster);
  head.writeUInt32BE(0x5146_49fb, 0);
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(clusterBits, 20);
  head.writeBigUInt64BE(BigInt(size), 24);
  head.writeUInt32BE(l1Count, 36);
  head.writeBigUInt64BE(BigInt(cluster), 40);
  return Buffer.concat([head, l1, ...tables.values()]);
}
