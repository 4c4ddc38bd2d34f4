import type { Analyzer, Claim, Examination, Outcome, Subject } from '../analyzer.ts';
import { Histogram } from './histogram.ts';
import { shannon } from './shannon.ts';

export interface EntropyOptions {
  /** Bits per byte; above it, content that is not compressed by nature is reported. Default 6.5. */
  readonly threshold?: number;
}

/** The specification's value. Text and programs mostly lie below; what compresses or encrypts lies near 8. */
const DEFAULT_THRESHOLD = 6.5;

/**
 * Fewer bytes prove nothing: n bytes cannot show more than log2(n) bits per byte (256 bytes: 8 at the very most,
 * 90 bytes: never above 6.5), and the estimate of noise from n bytes lies about 255 / (2 n ln 2) too low (Miller 1955):
 * 0.18 bits at 1,024 bytes, 0.7 at 256.
 */
export const MIN_BYTES = 1024;

/** Measures Shannon entropy over all bytes of an artifact, and judges it with the content type as context. */
export function entropyAnalyzer(options: EntropyOptions = {}): Analyzer {
  const threshold = options.threshold ?? DEFAULT_THRESHOLD;
  return {
    id: 'entropy',
    version: `1/${threshold}`,
    examine: (subject) => examination(subject, threshold),
    close: async () => undefined,
  };
}

function examination(subject: Subject, threshold: number): Examination {
  const histogram = new Histogram();
  return {
    write: (chunk) => histogram.add(chunk),
    end: async () => outcome(subject, histogram, threshold),
    abort: () => undefined,
  };
}

function outcome({ type }: Subject, histogram: Histogram, threshold: number): Outcome {
  const bits = shannon(histogram.counts(), histogram.total);
  const rounded = Math.round(bits * 1e4) / 1e4;
  const flagged = bits > threshold && type.density !== 'compressed' && histogram.total >= MIN_BYTES;
  const claim: Claim = {
    kind: 'high_entropy',
    rule: 'shannon-above-threshold',
    detail: `${rounded} bits per byte, above ${threshold}, in ${type.mime}, which is not compressed by nature`,
    offset: null,
    evidence: { entropy_bits_per_byte: rounded, threshold, mime: type.mime, bytes: histogram.total },
  };
  return {
    claims: flagged ? [claim] : [],
    measurements: { entropy_bits_per_byte: rounded },
    misses: [],
    inspected_bytes: histogram.total,
    windowed: false,
  };
}
