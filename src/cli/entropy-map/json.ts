import { forJson } from '../../report/index.ts';
import type { EntropyMap } from './analyze-file.ts';

/** One file as JSON, on one line (CONTRACTS 6). A file without samples has zeros; `samples` says why. */
export function asJson(map: EntropyMap): string {
  const { statistics: known, samples, above, threshold } = map;
  return forJson({
    file: map.file,
    mime_type: map.mime,
    file_type: map.kind,
    statistics: {
      min: figure(known?.min ?? 0),
      max: figure(known?.max ?? 0),
      median: figure(known?.median ?? 0),
      mean: figure(known?.mean ?? 0),
      samples,
    },
    suggested_threshold: figure(known?.suggested ?? 0),
    pipeline_threshold: {
      threshold,
      above_threshold: above,
      percentage: samples === 0 ? 0 : figure((above / samples) * 100),
    },
    histogram: (known?.bins ?? []).map(({ from, to, count }) => ({
      range: `${from.toFixed(2)}-${to.toFixed(2)}`,
      count,
    })),
  });
}

/** A file that could not be analyzed. */
export function errorAsJson(file: string, error: string): string {
  return forJson({ file, error });
}

/** Twelve digits: what lies beyond is rounding, and would print 4e-16 where there is nothing. */
function figure(value: number): number {
  return Math.round(value * 1e12) / 1e12;
}
