import { ByteReader } from '../byte-reader.ts';
import { nextHeader, type CpioHeader } from '../cpio-header.ts';
import type { Unpacker, FormatSink, Member } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';
import { Damaged } from '../trouble.ts';

/** Names are at most 64 KiB in practice. */
const MAX_NAME_BYTES = 1024 * 1024;
/** PATH_MAX of Linux. */
const MAX_TARGET_BYTES = 4096;
const END = 'TRAILER!!!';

const KIND_MASK = 0o170000;
const LINK = 0o120000;
const FOLDER = 0o040000;
const FILE = 0o100000;

// Read here and not by 7-Zip: it streams (the payload of a package, an initramfs), takes names of any length, and
// tells devices.
export const unpacker: Unpacker = {
  doc: {
    name: 'cpio',
    description:
      'Old binary, portable (odc) and new (newc, crc) cpio archives, also several one after the other.',
    recognised: '`070701`, `070702`, `070707`, or 070707 (octal) as a number of two bytes, at 0',
    limits: ['1 MiB a name'],
    references: ['cpio(5): https://man.freebsd.org/cgi/man.cgi?query=cpio&sektion=5'],
    limitations: ['Payloads of packages with files over 4 GiB (`07070X`) are a gap'],
  },
  async unpack({ stream }, sink, { signal }) {
    const reader = new ByteReader(stream);
    for (;;) {
      signal.throwIfAborted();
      const header = await nextHeader(reader);
      if (header === null) return brokeOff(reader, sink);
      const name = await nameOf(reader, header);
      if (name.toString('latin1') === END) {
        await pass(reader, header.size + padding(header.size, header.alignment));
        // An initramfs is several archives one after the other, with zero bytes between them.
        if (!(await reader.skipZeros())) return;
        if (await isArchive(reader)) continue;
        await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
        return;
      }
      await entry(reader, sink, header, name);
    }
  },
};

async function isArchive(reader: ByteReader): Promise<boolean> {
  return /^0707(?:0[127]|07)/.test((await reader.peek(6)).toString('latin1'));
}

/** What stands where a header should be is examined all the same. */
async function brokeOff(reader: ByteReader, sink: FormatSink): Promise<void> {
  if (reader.position === 0) throw new Damaged('no cpio header');
  if ((await reader.peek(1)).length === 0) throw new Damaged('ends without its end mark');
  await sink.member({ name: '(bytes where a header should be)', size: null, content: reader.rest() });
  throw new Damaged('bytes stand where a header should be');
}

async function nameOf(reader: ByteReader, { nameBytes, bytes, alignment }: CpioHeader): Promise<Buffer> {
  if (nameBytes > MAX_NAME_BYTES) throw new Damaged(`a name of ${nameBytes} bytes`);
  const name = await reader.exactly(nameBytes);
  if (name.length < nameBytes) throw new Damaged('cut off in a name');
  await pass(reader, padding(bytes + nameBytes, alignment));
  return name.at(-1) === 0 ? name.subarray(0, -1) : name;
}

async function entry(reader: ByteReader, sink: FormatSink, header: CpioHeader, name: Buffer): Promise<void> {
  const kind = header.mode & KIND_MASK;
  const { size } = header;
  if (kind === LINK && size <= MAX_TARGET_BYTES) {
    const target = await reader.exactly(size);
    if (target.length < size) throw new Damaged('cut off in a link', { member: name });
    sink.link('symbolic', name, target);
  } else {
    // A target that is longer than any path is content.
    if (![FILE, FOLDER, LINK, 0].includes(kind)) sink.device(name);
    // All but the last of the names of one file come without its content.
    if (kind === FILE && size === 0 && header.links > 1) sink.link('hard', name, null);
    else if (kind === FILE || kind === 0 || size > 0) await file(reader, sink, header, name);
  }
  await pass(reader, padding(size, header.alignment));
}

async function file(reader: ByteReader, sink: FormatSink, header: CpioHeader, name: Buffer): Promise<void> {
  const content = new Content(reader, name, header);
  await sink.member({ name, size: header.size, content: content.chunks() });
  for await (const _ of content.chunks());
  if (header.sum !== null && header.sum !== content.sum)
    sink.gap('corrupt', 'the check sum does not match the content', { member: name, bytes: header.size });
}

/** One member's bytes, which may be asked for in two goes. */
class Content {
  readonly #reader: ByteReader;
  readonly #name: Member['name'];
  readonly #summed: boolean;
  #left: number;
  /** Of the bytes so far, modulo 2^32. */
  sum = 0;

  constructor(reader: ByteReader, name: Buffer, { size, sum }: CpioHeader) {
    this.#reader = reader;
    this.#name = name;
    this.#summed = sum !== null;
    this.#left = size;
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    while (this.#left > 0) {
      const part = await this.#reader.next(this.#left);
      if (part === null) {
        const detail = `cut off: ${this.#left} bytes of a member are missing`;
        throw new Damaged(detail, { member: this.#name, bytes: this.#left });
      }
      this.#left -= part.length;
      if (this.#summed) this.sum = (this.sum + part.reduce((sum, byte) => sum + byte, 0)) >>> 0;
      yield part;
    }
  }
}

function padding(size: number, alignment: number): number {
  return (alignment - (size % alignment)) % alignment;
}

async function pass(reader: ByteReader, count: number): Promise<void> {
  if ((await reader.skip(count)) < count) throw new Damaged('cut off after a member');
}
