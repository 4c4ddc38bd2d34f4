/**
 * VBA source compressed as [MS-OVBA] 2.4.1.3 tells, by a greedy search: what Office itself writes looks the same.
 */
function compressVba(source: Buffer): Buffer {
  const chunks: Buffer[] = [Buffer.from([1])];
  for (let at = 0; at < source.length; at += 4096) chunks.push(chunk(source.subarray(at, at + 4096)));
  return Buffer.concat(chunks);
}

function chunk(source: Buffer): Buffer {
  const out: number[] = [];
  for (let at = 0; at < source.length;) {
    const flagsAt = out.push(0) - 1;
    for (let bit = 0; bit < 8 && at < source.length; bit++) {
      const bits = Math.max(4, Math.ceil(Math.log2(at)));
      const { distance, length } = longestMatch(source, at, 2 ** (16 - bits) + 2, 2 ** bits);
      if (length < 3) {
        out.push(source[at++]!);
        continue;
      }
      out[flagsAt]! |= 1 << bit;
      const token = ((distance - 1) << (16 - bits)) | (length - 3);
      out.push(token & 0xff, token >> 8);
      at += length;
    }
  }
  const head = Buffer.alloc(2);
  if (out.length > 4096) {
    head.writeUInt16LE(0x3fff);
    return Buffer.concat([head, source], 4098);
  }
  head.writeUInt16LE(0xb000 | (out.length - 1));
  return Buffer.concat([head, Buffer.from(out)]);
}

function longestMatch(
  source: Buffer,
  at: number,
  longest: number,
  furthest: number,
): { distance: number; length: number } {
  let best = { distance: 0, length: 0 };
  for (let from = at - 1; from >= 0 && at - from <= furthest; from--) {
    let length = 0;
    while (length < longest && at + length < source.length && source[from + length] === source[at + length])
      length++;
    if (length > best.length) best = { distance: at - from, length };
  }
  return best;
}

/** One module of a project. */
export interface VbaModule {
  readonly name: string;
  readonly source: string;
}

/** The streams of a VBA storage; `padding` bytes stand before each source, where compiled code would. */
export function vbaStreams(
  folder: string,
  modules: readonly VbaModule[],
  padding = 32,
): { path: string; content: Buffer }[] {
  const records: Buffer[] = [record(0x0003, Buffer.from([0xe4, 0x04]))];
  records.push(Buffer.concat([record(0x0009, Buffer.alloc(4)), Buffer.alloc(2)]));
  records.push(record(0x000f, Buffer.from([modules.length, 0])));
  for (const { name } of modules) {
    records.push(record(0x0019, Buffer.from(name)), record(0x001a, Buffer.from(name)));
    records.push(record(0x0032, Buffer.from(name, 'utf16le')));
    const offset = Buffer.alloc(4);
    offset.writeUInt32LE(padding);
    records.push(record(0x0031, offset), record(0x0021, Buffer.alloc(0)), record(0x002b, Buffer.alloc(0)));
  }
  records.push(record(0x0010, Buffer.alloc(0)));
  return [
    { path: `${folder}/dir`, content: compressVba(Buffer.concat(records)) },
    { path: `${folder}/_VBA_PROJECT`, content: Buffer.from('cc61ffff000000', 'hex') },
    ...modules.map(({ name, source }) => ({
      path: `${folder}/${name}`,
      content: Buffer.concat([Buffer.alloc(padding, 0xcc), compressVba(Buffer.from(source))]),
    })),
  ];
}

function record(id: number, data: Buffer): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16LE(id);
  head.writeUInt32LE(data.length, 2);
  return Buffer.concat([head, data]);
}
