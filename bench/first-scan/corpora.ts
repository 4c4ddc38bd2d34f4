import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 as crcOf, deflateRawSync } from 'node:zlib';
import { zipBytes } from '../../test/kit/archives/zip-bytes.ts';
import { seeded } from '../../test/kit/seeded.ts';
import { mixedCorpus, sampleBytes, smallFiles } from '../corpus.ts';

const MIB = 2 ** 20;
const SEED = 2026;

/** Files to scan, made by code: the same for the same seed and scale. */
export interface Corpus {
  readonly name: string;
  /** `scale`: 1 for the sizes that its name says. */
  readonly make: (folder: string, scale: number) => Promise<void>;
  /** Unpacks for the others what they do not open, or open less of; none: they scan it as it is. */
  readonly extract?: string;
}

const TARS = `
for archive in "$1"/archives/*.tar.*; do
  out="$2/$(basename "$archive")"; mkdir -p "$out"
  case "$archive" in *.gz) tar -xzf "$archive" -C "$out";; *.zst) zstd -dcq "$archive" | tar -xf - -C "$out";; esac
done; cp -rl "$1"/d* "$2"/`;

export const CORPORA: readonly Corpus[] = [
  { name: 'mixed files', make: async (folder, scale) => mixed(folder, scale, 0) },
  {
    name: 'mixed files, 30 % of the bytes in archives',
    make: async (folder, scale) => mixed(folder, scale, 0.3),
    extract: TARS,
  },
  { name: '10,000 small files', make: async (folder, scale) => smallFiles(folder, 10_000 * scale, SEED) },
  { name: '3 files of 100 MiB', make: large },
  { name: 'a jar of 40,000 classes', make: jar, extract: '7zz x -bd -o"$2" "$1"/app.jar' },
  { name: 'an ext4 disk image', make: diskImage, extract: '7zz x -bd -o"$2" "$1"/disk.img' },
];

async function mixed(folder: string, scale: number, archived: number): Promise<void> {
  await mixedCorpus(folder, { seed: SEED, totalBytes: 300 * MIB * scale, archived });
}

async function large(folder: string, scale: number): Promise<void> {
  const random = seeded(SEED);
  for (let file = 0; file < 3; file++) {
    const pieces = Array.from({ length: Math.max(2, Math.round(100 * scale)) }, () =>
      sampleBytes(random, MIB),
    );
    writeFileSync(join(folder, `large-${file}.bin`), Buffer.concat(pieces));
  }
}

async function jar(folder: string, scale: number): Promise<void> {
  const random = seeded(SEED);
  const entries = Array.from({ length: Math.round(40_000 * scale) }, (_, at) => {
    // JVMS 4.1: the magic and the version of Java 17; what follows is the kind of bytes that a class has.
    const body = sampleBytes(random, 200 + Math.floor(random() * 3000));
    const bytes = Buffer.concat([Buffer.from('cafebabe0000003d', 'hex'), body]);
    const name = `org/example/p${at % 400}/C${at}.class`;
    return { name, data: deflateRawSync(bytes), method: 8, size: bytes.length, crc: crcOf(bytes) };
  });
  writeFileSync(join(folder, 'app.jar'), zipBytes(entries));
}

async function diskImage(folder: string, scale: number): Promise<void> {
  const root = join(dirname(folder), 'disk-root');
  mkdirSync(root);
  await mixedCorpus(root, { seed: SEED, totalBytes: 200 * MIB * scale, archived: 0 });
  const image = join(folder, 'disk.img');
  const size = `${Math.ceil(260 * scale) + 16}M`;
  execFileSync('mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-d', root, image, size]);
  rmSync(root, { recursive: true });
}
