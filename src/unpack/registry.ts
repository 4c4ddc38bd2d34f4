import type { Format } from './format.ts';
import { gzip } from './formats/gzip.ts';
import { lz4 } from './formats/lz4.ts';
import { lzip } from './formats/lzip.ts';
import { sevenZipArchives } from './formats/seven-zip-archives.ts';
import { bzip2, compress, lzma, xz } from './formats/seven-zip-streams.ts';
import { tar } from './formats/tar.ts';
import { zip } from './formats/zip.ts';
import { zstd } from './formats/zstd.ts';

/** Every format that can be opened. One line each; their ids are what identify/ calls containers. */
export const FORMATS: readonly Format[] = [
  tar,
  gzip,
  bzip2,
  xz,
  zstd,
  lz4,
  lzip,
  lzma,
  compress,
  zip,
  ...sevenZipArchives,
];

const BY_ID: ReadonlyMap<string, Format> = new Map(FORMATS.map((format) => [format.id, format]));

export function formatOf(id: string): Format | null {
  return BY_ID.get(id) ?? null;
}

export function canOpen(id: string): boolean {
  return BY_ID.has(id);
}
