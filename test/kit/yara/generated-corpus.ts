import { createCipheriv, createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { seeded } from '../seeded.ts';

export interface CorpusFile {
  /** No folder in it. */
  readonly name: string;
  readonly bytes: Buffer;
}

const WORDS =
  'backup restore invoice customer total report server error warning insert value the of and'.split(' ');
const NAMES = ['report', 'invoice', 'setup', 'notes', 'table'];
const EXTENSIONS = ['exe', 'txt', 'bin', 'pdf', 'dll', 'TXT'];

/**
 * Files of every kind that rules ask for, with the specimens strewn over them: each in one file at least. Nothing in them is
 * anybody's; the programs are heads without code.
 */
export function generatedCorpus(specimens: readonly Buffer[], count = 60, seed = 11): readonly CorpusFile[] {
  const random = seeded(seed);
  const files = Array.from({ length: count }, (_, index): CorpusFile => {
    const [head, filler] = KINDS[index % KINDS.length] ?? [Buffer.alloc(0), words];
    const own = specimens.filter((_specimen, at) => at % count === index || random() < 0.12);
    const parts: Buffer[] = [head];
    for (const specimen of own) parts.push(filler(random, 4 + Math.floor(random() * 40)), specimen);
    parts.push(filler(random, Math.floor(random() ** 4 * 400_000)));
    const extension = EXTENSIONS[Math.floor(random() * EXTENSIONS.length)] ?? 'bin';
    return {
      name: `${NAMES[index % NAMES.length] ?? ''}${index}.${extension}`,
      bytes: Buffer.concat(parts),
    };
  });
  return [...files, ...EDGES];
}

type Filler = (random: () => number, length: number) => Buffer;

const words: Filler = (random, length) => {
  const parts: string[] = [];
  for (let size = 0; size < length; size += parts.at(-1)?.length ?? 1) {
    parts.push(`${WORDS[Math.floor(random() * WORDS.length)] ?? ''} `);
  }
  return Buffer.from(parts.join(''));
};

const noise: Filler = (random, length) => {
  const key = createHash('sha256').update(String(random())).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
};

const zeros: Filler = (_random, length) => Buffer.alloc(length);

const KINDS: readonly (readonly [Buffer, Filler])[] = [
  [Buffer.alloc(0), words],
  [Buffer.alloc(0), noise],
  [Buffer.from('%PDF-1.7\n'), words],
  [portableExecutable(), noise],
  [elf(), zeros],
  [Buffer.alloc(0), zeros],
];

const EDGES: readonly CorpusFile[] = [
  { name: 'empty', bytes: Buffer.alloc(0) },
  { name: 'one.byte', bytes: Buffer.from('M') },
  { name: 'zeros.img', bytes: Buffer.alloc(2 * 1024 * 1024) },
  { name: 'packed.gz', bytes: gzipSync(words(seeded(3), 200_000)) },
  { name: 'wide.txt', bytes: Buffer.from(words(seeded(5), 5000).toString(), 'utf16le') },
];

/** The head of a program for Windows with one section. Offsets: PE format, Microsoft. */
function portableExecutable(): Buffer {
  const bytes = Buffer.alloc(1024);
  bytes.write('MZ', 0);
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write('PE\0\0', 0x80);
  bytes.writeUInt16LE(0x8664, 0x84); // AMD64
  bytes.writeUInt16LE(1, 0x86); // sections
  bytes.writeUInt16LE(240, 0x94); // size of the optional header
  bytes.writeUInt16LE(0x22, 0x96); // executable, large addresses
  bytes.writeUInt16LE(0x20b, 0x98); // PE32+
  bytes.writeUInt32LE(0x1000, 0xa8); // entry point
  bytes.writeBigUInt64LE(0x140000000n, 0xb0);
  bytes.writeUInt32LE(0x1000, 0xb8);
  bytes.writeUInt32LE(0x200, 0xbc);
  bytes.writeUInt32LE(0x2000, 0xd0); // size of image
  bytes.writeUInt32LE(0x200, 0xd4); // size of headers
  bytes.writeUInt16LE(3, 0xdc); // console
  bytes.writeUInt32LE(16, 0x104); // data directories
  const section = 0x98 + 240;
  bytes.write('.text', section);
  bytes.writeUInt32LE(0x200, section + 8);
  bytes.writeUInt32LE(0x1000, section + 12);
  bytes.writeUInt32LE(0x200, section + 16);
  bytes.writeUInt32LE(0x200, section + 20);
  bytes.writeUInt32LE(0x60000020, section + 36);
  return bytes;
}

/** The head of a position-independent ELF program for x86-64 without segments or sections (System V gABI, chapter 4). */
function elf(): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  bytes.writeUInt16LE(3, 16); // ET_DYN
  bytes.writeUInt16LE(62, 18); // x86-64
  bytes.writeUInt32LE(1, 20);
  bytes.writeUInt16LE(64, 52);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(64, 58);
  return bytes;
}
