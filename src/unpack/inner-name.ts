/** What the one nameless member of a compressed stream is called: the container's name without its ending. */
const ENDINGS: readonly (readonly [ending: RegExp, instead: string])[] = [
  [/\.(?:tgz|taz|tbz2?|tb2|tz2|txz|tzst|tlz|tlz4|tz)$/i, '.tar'],
  [/\.svgz$/i, '.svg'],
  [/\.(?:gz|gzip|br|sz|lzo|bgz|bz2|bzip2|bz|xz|zst|zstd|jsonlz4|mozlz4|lz4|lz|lzip|lzma|z)$/i, ''],
];

export function innerName(container: string): string {
  const base = container.slice(container.lastIndexOf('/') + 1);
  for (const [ending, instead] of ENDINGS) {
    if (ending.test(base) && base.replace(ending, instead) !== '') return base.replace(ending, instead);
  }
  return base;
}

/** The name of bytes that a container holds after its end. */
export const AFTER_THE_END = '(data after the end)';
