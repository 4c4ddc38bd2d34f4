import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { androidBackupBytes } from '../android-backup-bytes.ts';
import { beamBytes } from '../beam-bytes.ts';
import { mozlz4Bytes } from '../mozlz4-bytes.ts';
import { rDatabaseBytes, rObject } from '../r-database-bytes.ts';
import { snappyBytes } from '../snappy-bytes.ts';
import { tarBytes } from '../tar-bytes.ts';
import { MARKER, NO_ENCRYPTION, filter, writes, type Makers } from './maker.ts';

function built(build: (marker: Buffer) => Buffer): {
  tools: readonly string[];
  make: (folder: string) => Buffer;
} {
  return { tools: [], make: (folder) => build(readFileSync(join(folder, MARKER))) };
}

function tarOf(marker: Buffer): Buffer {
  return tarBytes([{ name: MARKER, content: marker }]);
}

/** Compressed streams and the tar family. */
export const STREAMS: Makers = {
  tar: { ...writes('tar', ['cf', 'a.tar', MARKER], 'a.tar'), encrypted: NO_ENCRYPTION },
  gzip: { ...filter('gzip', ['-c']), encrypted: NO_ENCRYPTION },
  bzip2: { ...filter('bzip2', ['-c']), encrypted: NO_ENCRYPTION },
  xz: { ...filter('xz', ['-c']), encrypted: NO_ENCRYPTION },
  zstd: { ...filter('zstd', ['-c']), encrypted: NO_ENCRYPTION },
  lz4: { ...filter('lz4', ['-c']), encrypted: NO_ENCRYPTION },
  lzip: { ...filter('lzip', ['-c']), encrypted: NO_ENCRYPTION },
  lzop: { ...filter('lzop', ['-c']), encrypted: NO_ENCRYPTION },
  lzma: { ...filter('xz', ['--format=lzma', '-c']), encrypted: NO_ENCRYPTION },
  zlib: { ...built((marker) => deflateSync(marker)), encrypted: NO_ENCRYPTION },
  'git-blob': {
    ...built((marker) => Buffer.concat([Buffer.from(`blob ${marker.length}\0`), marker])),
    encrypted: NO_ENCRYPTION,
  },
  'sphinx-inventory': {
    ...built((marker) =>
      Buffer.concat([
        Buffer.from('# Sphinx inventory version 2\n# Project: a\n# Version: 1\n# The remainder is zlib.\n'),
        deflateSync(marker),
      ]),
    ),
    encrypted: NO_ENCRYPTION,
  },
  'r-database': {
    ...built((marker) => rDatabaseBytes([{ object: rObject(marker) }])),
    encrypted: NO_ENCRYPTION,
  },
  beam: { ...built(beamBytes), encrypted: NO_ENCRYPTION },
  brotli: {
    ...built((marker) => brotliCompressSync(marker)),
    encrypted: NO_ENCRYPTION,
    called: 'container.br',
  },
  snappy: { ...built(snappyBytes), encrypted: NO_ENCRYPTION },
  mozlz4: { ...built((marker) => mozlz4Bytes(marker)), encrypted: NO_ENCRYPTION },
  'android-backup': {
    ...built((marker) => androidBackupBytes(tarOf(marker), null)),
    inner: ['tar'],
    encrypted: {
      tools: [],
      make: (folder, password) => androidBackupBytes(tarOf(readFileSync(join(folder, MARKER))), password),
    },
  },
  'shell-payload': {
    ...built((marker) =>
      Buffer.concat([Buffer.from('#!/bin/sh\ntail -n +3 "$0" | gzip -d\nexit\n'), gzipSync(marker)]),
    ),
    inner: ['gzip'],
    encrypted: NO_ENCRYPTION,
  },
  compress: {
    ...filter('compress', ['-f', '-c']),
    encrypted: NO_ENCRYPTION,
    cut: { na: 'it holds neither length nor check sum' },
  },
};
