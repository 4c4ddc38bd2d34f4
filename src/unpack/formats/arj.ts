import type { ByteSource } from '../../bytes/index.ts';
import type { FormatSink, UnpackContext } from '../format.ts';
import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

export const unpacker = sevenZipUnpacker({
  type: 'arj',
  doc: {
    name: 'ARJ',
    description: 'Archives of ARJ.',
    recognised: '`\\x60\\xEA` at 0 and a plausible main header',
    limits: [],
    references: ['ARJ: https://manpages.debian.org/arj.1'],
    limitations: ['What goes on in another volume is a gap', 'Encrypted members are a gap'],
  },
  before: tellVolumes,
});

/** ARJ technical information: a mark, the header's size, and within it flags, kind and sizes. */
const MARK = 0xea60;
const FIXED = { own: 4, flags: 8, kind: 10, packed: 16, end: 34 } as const;
const MAX_HEADER = 2600;
const MAX_EXTENSIONS = 100;
const GOES_ON = 4;
const CONTINUES = 8;
const MAIN = 2;

/** 7-Zip says nothing about a member of which the volumes before or after hold the rest. */
async function tellVolumes(source: ByteSource, sink: FormatSink, { signal }: UnpackContext): Promise<void> {
  const header = Buffer.alloc(4 + MAX_HEADER + 6);
  for (let at = 0; ;) {
    signal.throwIfAborted();
    const held = await source.readAt(header, at);
    const size = held < FIXED.end ? 0 : header.readUInt16LE(2);
    if (size === 0 || size > MAX_HEADER || header.readUInt16LE(0) !== MARK) return;
    const isMember = header.readUInt8(FIXED.kind) !== MAIN;
    if (isMember && (header.readUInt8(FIXED.flags) & (GOES_ON | CONTINUES)) !== 0) {
      const from = 4 + header.readUInt8(FIXED.own);
      const member = Buffer.from(header.subarray(from, Math.max(from, header.indexOf(0, from))));
      sink.gap('unsupported_format', 'goes on in another volume', { member });
    }
    at = await afterExtensions(source, at + 4 + size + 4);
    if (isMember) at += header.readUInt32LE(FIXED.packed);
  }
}

/** Headers are followed by extensions, each with its size in front and a check sum behind; size 0 ends them. */
async function afterExtensions(source: ByteSource, start: number): Promise<number> {
  const size = Buffer.alloc(2);
  let at = start;
  for (let i = 0; i < MAX_EXTENSIONS; i++) {
    if ((await source.readAt(size, at)) < 2) return at;
    at += 2;
    if (size.readUInt16LE(0) === 0) return at;
    at += size.readUInt16LE(0) + 4;
  }
  return at;
}
