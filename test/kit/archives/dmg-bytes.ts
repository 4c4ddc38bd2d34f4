import { crc32, deflateSync } from 'node:zlib';

const SECTOR = 512;
/** Sectors packed together. */
const RUN = 512;
const ZLIB = 0x80000005;
const LAST = 0xffffffff;

/** An Apple disk image (UDIF, zlib) with these partitions, one after the other: nobody in Debian makes one. */
export function dmgBytes(partitions: readonly { readonly name: string; readonly bytes: Buffer }[]): Buffer {
  const packed: Buffer[] = [];
  const tables: Buffer[] = [];
  let [first, length] = [0, 0];
  for (const { bytes } of partitions) {
    const runs: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += RUN * SECTOR) {
      const part = bytes.subarray(at, at + RUN * SECTOR);
      const content = deflateSync(part);
      runs.push(run(ZLIB, at / SECTOR, part.length / SECTOR, length, content.length));
      packed.push(content);
      length += content.length;
    }
    runs.push(run(LAST, bytes.length / SECTOR, 0, length, 0));
    tables.push(table(first, bytes, runs));
    first += bytes.length / SECTOR;
  }
  const data = Buffer.concat(packed);
  const list = Buffer.from(propertyList(partitions.map(({ name }, i) => entry(name, i, tables[i]))));
  const sums = Buffer.concat(partitions.map(({ bytes }) => numbers('4', [crc32(bytes)])));
  return Buffer.concat([data, list, trailer(data, list.length, crc32(sums), first)]);
}

function trailer(data: Buffer, listBytes: number, sum: number, sectors: number): Buffer {
  return Buffer.concat([
    Buffer.from('koly'),
    numbers('444888 88 44', [4, 512, 1, 0, 0, data.length, 0, 0, 1, 1]),
    Buffer.alloc(16, 1),
    checkSum(crc32(data)),
    numbers('88', [data.length, listBytes]),
    Buffer.alloc(120),
    checkSum(sum),
    numbers('48 444', [1, sectors, 0, 0, 0]),
  ]);
}

function table(first: number, bytes: Buffer, runs: readonly Buffer[]): Buffer {
  return Buffer.concat([
    Buffer.from('mish'),
    numbers('4888 44', [1, first, bytes.length / SECTOR, 0, RUN + 8, 0]),
    Buffer.alloc(24),
    checkSum(crc32(bytes)),
    numbers('4', [runs.length]),
    ...runs,
  ]);
}

function run(kind: number, sector: number, sectors: number, offset: number, length: number): Buffer {
  return numbers('448888', [kind, 0, sector, sectors, offset, length]);
}

/** CRC-32 of 32 bits in room for 128 bytes. */
function checkSum(sum: number): Buffer {
  return Buffer.concat([numbers('444', [2, 32, sum]), Buffer.alloc(124)]);
}

function entry(name: string, number: number, bytes: Buffer | undefined): string {
  const data = (bytes ?? Buffer.alloc(0)).toString('base64');
  return (
    `<dict><key>Attributes</key><string>0x0050</string><key>CFName</key><string>${name}</string>` +
    `<key>Data</key><data>${data}</data><key>ID</key><string>${number}</string>` +
    `<key>Name</key><string>${name}</string></dict>`
  );
}

function propertyList(entries: readonly string[]): string {
  const blocks = `<key>blkx</key><array>${entries.join('')}</array>`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0">' +
    `<dict><key>resource-fork</key><dict>${blocks}</dict></dict></plist>`
  );
}

/** Big-endian numbers; `widths` has one digit, 4 or 8, for each. */
function numbers(widths: string, values: readonly number[]): Buffer {
  const digits = widths.replaceAll(' ', '');
  return Buffer.concat(
    values.map((value, i) => {
      const bytes = Buffer.alloc(Number(digits[i]));
      if (bytes.length === 4) bytes.writeUInt32BE(value);
      else bytes.writeBigUInt64BE(BigInt(value));
      return bytes;
    }),
  );
}
