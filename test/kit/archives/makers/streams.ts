import { MARKER, NO_ENCRYPTION, filter, writes, type Makers } from './maker.ts';

/** Compressed streams and the tar family. */
export const STREAMS: Makers = {
  tar: { ...writes('tar', ['cf', 'a.tar', MARKER], 'a.tar'), encrypted: NO_ENCRYPTION },
  gzip: { ...filter('gzip', ['-c']), encrypted: NO_ENCRYPTION },
  bzip2: { ...filter('bzip2', ['-c']), encrypted: NO_ENCRYPTION },
  xz: { ...filter('xz', ['-c']), encrypted: NO_ENCRYPTION },
  zstd: { ...filter('zstd', ['-c']), encrypted: NO_ENCRYPTION },
  lz4: { ...filter('lz4', ['-c']), encrypted: NO_ENCRYPTION },
  lzip: { ...filter('lzip', ['-c']), encrypted: NO_ENCRYPTION },
  lzma: { ...filter('xz', ['--format=lzma', '-c']), encrypted: NO_ENCRYPTION },
  compress: {
    ...filter('compress', ['-f', '-c']),
    encrypted: NO_ENCRYPTION,
    cut: { na: 'it holds neither length nor check sum' },
  },
};
