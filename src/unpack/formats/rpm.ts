import { ByteReader } from '../byte-reader.ts';
import type { Unpacker, FormatSink } from '../format.ts';
import { RpmHeader } from '../rpm/header.ts';
import { Damaged } from '../trouble.ts';

const LEAD_BYTES = 96;
/** Tags of the signature: bytes of header and payload together (32 and 64 bits). */
const SIZE = 1000;
const LONG_SIZE = 270;
const COMPRESSOR = 1125;
/** Tags of what is run (lib/rpmtag.h). The triggers hold one script each. */
const SCRIPTS: readonly (readonly [tag: number, name: string])[] = [
  [1023, 'before installing'],
  [1024, 'after installing'],
  [1025, 'before removing'],
  [1026, 'after removing'],
  [1079, 'verifying'],
  [1151, 'before the transaction'],
  [1152, 'after the transaction'],
  [5104, 'before removing in a transaction'],
  [5105, 'after removing in a transaction'],
  [1065, 'trigger'],
  [5066, 'file trigger'],
  [5076, 'file trigger of a transaction'],
];
/** Scripts handed on one by one; beyond, the header holds them all. */
const MAX_SCRIPTS = 10_000;

const ENDINGS: Readonly<Record<string, string>> = {
  gzip: '.cpio.gz',
  bzip2: '.cpio.bz2',
  xz: '.cpio.xz',
  lzma: '.cpio.lzma',
  zstd: '.cpio.zst',
  none: '.cpio',
};

export const unpacker: Unpacker = {
  doc: {
    name: 'RPM',
    description: 'Packages of RPM: the payload, the header, and each script of the header by itself.',
    recognised: '`\\xED\\xAB\\xEE\\xDB` at 0',
    limits: ['64 MiB a header', '10,000 scripts handed on by themselves'],
    references: ['RPM V4 package format: https://rpm.org/docs/latest/manual/format_v4.html'],
    limitations: ['Signatures and digests are not checked'],
  },
  async unpack({ stream }, sink) {
    const reader = new ByteReader(stream);
    await reader.skip(LEAD_BYTES);
    const signature = await RpmHeader.read(reader);
    const padding = await reader.exactly((8 - (signature.bytes.length % 8)) % 8);
    const header = await RpmHeader.read(reader);
    // Not with the lead in front: that would make it a package again.
    const whole = Buffer.concat([signature.bytes, padding, header.bytes]);
    await handOn(sink, '(header)', whole);
    await handOnScripts(header, sink);
    const size = signature.number(LONG_SIZE) ?? signature.number(SIZE);
    await handOnPayload(reader, header, size, sink);
  },
};

async function handOnScripts(header: RpmHeader, sink: FormatSink): Promise<void> {
  let left = MAX_SCRIPTS;
  for (const [tag, name] of SCRIPTS) {
    let number = 0;
    for (const script of header.strings(tag)) {
      if (script.length === 0 || left-- <= 0) continue;
      number++;
      await handOn(sink, number === 1 ? `(script ${name})` : `(script ${name}, ${number})`, script);
    }
  }
}

/** `size` is what the signature says of header and payload together; null when it says nothing. */
async function handOnPayload(
  reader: ByteReader,
  header: RpmHeader,
  size: number | null,
  sink: FormatSink,
): Promise<void> {
  const start = reader.position;
  const [compressor] = header.strings(COMPRESSOR);
  const ending = ENDINGS[compressor?.toString('latin1') ?? ''] ?? '';
  const declared = size === null ? null : Math.max(0, size - header.bytes.length);
  await sink.member({ name: `payload${ending}`, size: declared, content: reader.rest() });
  await reader.skip(Infinity);
  const missing = (declared ?? 0) - (reader.position - start);
  if (missing > 0)
    throw new Damaged(`cut off: ${missing} bytes of the payload are not there`, { bytes: missing });
}

async function handOn(sink: FormatSink, name: string, bytes: Buffer): Promise<void> {
  await sink.member({ name, size: bytes.length, content: one(bytes) });
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}
