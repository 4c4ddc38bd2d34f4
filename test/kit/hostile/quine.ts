import { crc32 } from 'node:zlib';

// An archive whose only member is the archive itself. Deflate can print (a stored block: "the next n bytes as they are")
// and repeat (a match: "the last n bytes again"); from these two a program is written whose output is itself, with
// whatever stands before it and after it. The idea is Russ Cox's, "Zip Files All The Way Down"
// (https://research.swtch.com/zip); the program below is our own derivation, with instructions of these sizes:

/** Bytes of a stored block's header (RFC 1951, 3.2.4). */
const PRINT = 5;
/** Bytes of every `repeat`: room for matches of any length up to 258, and an empty stored block that aligns the end. */
const REPEAT = 10;

function print(length: number): Buffer {
  const header = Buffer.alloc(PRINT);
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(length ^ 0xffff, 3);
  return header;
}

/** The last empty block of a deflate stream. */
const END_OF_DEFLATE = Buffer.from([1, 0, 0, 0xff, 0xff]);

/**
 * The whole archive: `prefix`, a deflate stream that unpacks to the whole archive, and `ending`, which are the format's own
 * bytes.
 */
function program(prefix: Buffer, ending: Buffer): Buffer {
  const suffix = Buffer.concat([END_OF_DEFLATE, ending]);
  const first = prefix.length + PRINT;
  const last = suffix.length + REPEAT;
  /** What is repeated in the middle: two repeats and two prints, or as much in no-ops. */
  const middle = 2 * (REPEAT + PRINT);
  const nothing = print(0);
  const [again, most] = [repeat(first), repeat(middle)];
  // Beside each line: what is written but not yet put out, so that the next line has to put it out.
  const lines = [
    [prefix],
    [print(first), prefix, print(first)],
    [again], // again
    [print(REPEAT), again], // print, again
    [print(PRINT), print(REPEAT)], // again, print, print
    [nothing], // again, print, print, nothing
    [print(middle), again, print(PRINT), print(REPEAT), nothing, print(middle)], // the five just printed
    [most], // most
    [print(middle), most, print(middle), most, print(middle)], // most, print
    [most], // put out one ahead: print
    [print(middle), most, nothing, nothing, nothing, print(last)], // all is put out
    [most], // put out four ahead: nothing, nothing, nothing, print
    [nothing, nothing, nothing],
    [print(last), repeat(last), suffix],
    [repeat(last)],
    [suffix],
  ];
  return Buffer.concat(lines.flat());
}

/** A block that puts out the last `length` bytes once more, in exactly `REPEAT` bytes. */
function repeat(length: number): Buffer {
  const half = Math.floor(length / 2);
  for (const parts of [[length], [half, length - half]]) {
    for (const fillers of [0, 1, 2]) {
      const bits = new Bits();
      for (let at = 0; at < fillers; at++) bits.number(0b010, 3 + 7); // An empty block.
      bits.number(0b010, 3); // Not the last block; fixed codes.
      for (const part of parts) bits.match(part, length);
      bits.number(0, 7); // End of block.
      bits.number(0, 3); // An empty stored block begins.
      const bytes = Buffer.concat([bits.bytes(), END_OF_DEFLATE.subarray(1)]);
      if (bytes.length === REPEAT) return bytes;
    }
  }
  throw new Error(`nothing repeats ${length} bytes in ${REPEAT}`);
}

/** Bits of deflate, with the fixed codes (RFC 1951, 3.2.5 and 3.2.6). */
class Bits {
  readonly #bits: number[] = [];

  /** Lowest bit first. */
  number(value: number, bits: number): void {
    for (let at = 0; at < bits; at++) this.#bits.push((value >> at) & 1);
  }

  #code(value: number, bits: number): void {
    for (let at = bits - 1; at >= 0; at--) this.#bits.push((value >> at) & 1);
  }

  match(length: number, distance: number): void {
    const { symbol, extra, rest } = coded(length - 3, 4);
    if (symbol < 23) this.#code(symbol + 1, 7);
    else this.#code(symbol - 23 + 0b11000000, 8);
    this.number(rest, extra);
    const far = coded(distance - 1, 2);
    this.#code(far.symbol, 5);
    this.number(far.rest, far.extra);
  }

  bytes(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.#bits.length / 8));
    for (const [at, bit] of this.#bits.entries()) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (bit << (at & 7));
    return bytes;
  }
}

/** The scheme of both the lengths' (4 symbols, then twice the reach) and the distances' table (2 symbols). */
function coded(value: number, symbols: 2 | 4): { symbol: number; extra: number; rest: number } {
  const doubled = Math.floor(Math.log2(value / symbols));
  if (doubled < 1) return { symbol: value, extra: 0, rest: 0 };
  const symbol = symbols * (doubled + 1) + ((value >> doubled) & (symbols - 1));
  return { symbol, extra: doubled, rest: value & ((1 << doubled) - 1) };
}

/** The archive whose member has the check sum that the archive says: `make` is linear in it, so 33 tries solve it. */
function withOwnCrc(make: (crc: number) => Buffer): Buffer {
  const constant = crc32(make(0));
  // Rows of (A + I) x = constant over GF(2), one for each bit: the coefficients as bits of a bigint, above them the sum.
  const rows = Array.from({ length: 32 }, (_, row) => BigInt((constant >>> row) & 1) << 32n);
  for (let bit = 0; bit < 32; bit++) {
    const column = (crc32(make((1 << bit) >>> 0)) ^ constant ^ (1 << bit)) >>> 0;
    for (let row = 0; row < 32; row++)
      rows[row] = (rows[row] ?? 0n) | (BigInt((column >>> row) & 1) << BigInt(bit));
  }
  for (let bit = 0; bit < 32; bit++) {
    const pivot = rows.findIndex((row, at) => at >= bit && ((row >> BigInt(bit)) & 1n) === 1n);
    if (pivot < 0) throw new Error('no check sum fits: change a byte of the prefix');
    [rows[bit], rows[pivot]] = [rows[pivot] ?? 0n, rows[bit] ?? 0n];
    const chosen = rows[bit] ?? 0n;
    for (let row = 0; row < 32; row++) {
      const value = rows[row] ?? 0n;
      if (row !== bit && ((value >> BigInt(bit)) & 1n) === 1n) rows[row] = value ^ chosen;
    }
  }
  const crc = rows.reduce((sum, row, bit) => sum + Number(row >> 32n) * 2 ** bit, 0);
  const bytes = make(crc);
  if (crc32(bytes) !== crc) throw new Error('the quine is not its own member');
  return bytes;
}

/** A .gz that unpacks to itself. */
export function gzipQuine(): Buffer {
  const prefix = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  const length = program(prefix, Buffer.alloc(8)).length;
  return withOwnCrc((crc) => program(prefix, words([crc, length])));
}

function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, 4 * at);
  return bytes;
}

/** A zip whose one member, `again.zip`, is that zip. */
export function zipQuine(): Buffer {
  const name = 'again.zip';
  const { local, ending } = zipAround(name, 0, 0);
  const total = program(local, ending).length;
  return withOwnCrc((crc) => {
    const around = zipAround(name, crc, total);
    return program(around.local, around.ending);
  });
}

/** Headers of a zip of `total` bytes with one member, which is as long. */
function zipAround(name: string, crc: number, total: number): { local: Buffer; ending: Buffer } {
  const label = Buffer.from(name);
  const [localLength, directoryLength] = [30 + label.length, 46 + label.length];
  const size = total - localLength - directoryLength - 22;
  const shared = Buffer.alloc(26);
  shared.writeUInt16LE(20, 0);
  shared.writeUInt16LE(8, 4); // Deflated.
  if (total > 0) words([crc, size, total]).copy(shared, 10);
  shared.writeUInt16LE(label.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, label]);
  const directory = Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), shared, Buffer.alloc(14), label]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directoryLength, 12);
  if (total > 0) end.writeUInt32LE(total - 22 - directoryLength, 16);
  return { local, ending: Buffer.concat([directory, end]) };
}
