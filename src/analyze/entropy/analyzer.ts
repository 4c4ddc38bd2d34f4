import {
  ENTROPY_MAP,
  ownName,
  ransomwareNames,
  type RansomwareName,
  type RansomwareNames,
} from '../../domain/index.ts';
import type { Analyzer, Claim, Examination, Judgement, Opening, Outcome, Subject } from '../analyzer.ts';
import { judge } from './encryption/judge.ts';
import { namedBySum } from './encryption/named-by-sum.ts';
import { Profiler, type Profile } from './profile/profile.ts';
import { shannon } from './shannon.ts';
import { StructureCheck, type Structure } from './structure/index.ts';

export interface EntropyOptions {
  /** Bits per byte; above it, content that is not compressed by nature is reported. Default 6.5. */
  readonly threshold?: number;
  readonly ransomware_names?: readonly RansomwareName[];
}

/** The specification's value. Text and programs mostly lie below; what compresses or encrypts lies near 8. */
const DEFAULT_THRESHOLD = 6.5;

/**
 * Fewer bytes prove nothing: n bytes cannot show more than log2(n) bits per byte (256 bytes: 8 at the very most,
 * 90 bytes: never above 6.5), and the estimate of noise from n bytes lies about 255 / (2 n ln 2) too low (Miller 1955):
 * 0.18 bits at 1,024 bytes, 0.7 at 256.
 */
export const MIN_BYTES = 1024;

/**
 * The statistics of an artifact's bytes, in one pass: Shannon entropy over all of them, judged with the content type as
 * context; and block by block, what tells encryption from compression. Whether a decoder understood them is heard
 * before that judgement (docs/decisions/0015).
 */
export function entropyAnalyzer(options: EntropyOptions = {}): Analyzer {
  const threshold = options.threshold ?? DEFAULT_THRESHOLD;
  const names = ransomwareNames(options.ransomware_names ?? []);
  return {
    id: 'entropy',
    version: `5/${threshold}`,
    examine: (subject) => new Statistics(subject, threshold, names),
    close: async () => undefined,
  };
}

class Statistics implements Examination {
  readonly #subject: Subject;
  readonly #threshold: number;
  readonly #names: RansomwareNames;
  #profiler: Profiler | null = new Profiler();
  #check: StructureCheck | null;
  #profile: Profile | null = null;
  #structure: Structure | null = null;

  constructor(subject: Subject, threshold: number, names: RansomwareNames) {
    this.#subject = subject;
    this.#threshold = threshold;
    this.#names = names;
    // libmagic believes two bytes.
    this.#check = subject.type.by === 'libmagic' ? null : new StructureCheck(subject.type.mime);
  }

  write(chunk: Buffer): void {
    this.#profiler?.add(chunk);
    this.#check?.add(chunk);
  }

  async end(): Promise<Outcome> {
    const profile = this.#profiler?.close();
    if (profile === undefined) throw new Error('ended twice');
    this.#profile = profile;
    const { source, head } = this.#subject;
    const whole = head.length === profile.bytes ? head : null;
    this.#structure = (await this.#check?.close(source, whole)) ?? null;
    this.#profiler = null;
    this.#check = null;
    return entropyOutcome(this.#subject, profile, this.#structure, this.#threshold);
  }

  judge(opening: Opening, sha256: string): Judgement {
    const { artifact, type, head, isPiece } = this.#subject;
    const profile = this.#profile;
    if (profile === null) return { claims: [], misses: [] };
    const name = ownName(artifact.trail.at(-1) ?? '');
    const ending = this.#names.extension(name);
    const claim = judge({ type, profile, structure: this.#structure, opening, name, ending, isPiece, head });
    if (claim === null) return { claims: [], misses: [] };
    const miss = namedBySum(artifact.trail, sha256, claim);
    if (miss !== null) return { claims: [], misses: [miss] };
    // Beside a contradiction the same noise would count three times, and one file is for a person to look at.
    return { claims: [claim], misses: [], replaces: type.contradiction === null ? [] : ['high_entropy'] };
  }

  abort(): void {
    this.#profiler = null;
    this.#check = null;
  }
}

function entropyOutcome(
  { type }: Subject,
  { counts, bytes, entropyMap }: Profile,
  structure: Structure | null,
  threshold: number,
): Outcome {
  const bits = shannon(counts, bytes);
  const rounded = Math.round(bits * 1e4) / 1e4;
  // A font in PostScript is locked with a key that everybody knows: once that was tried, its noise is explained.
  const explained = type.density === 'compressed' || structure?.is === 'holds';
  const flagged = bits > threshold && !explained && bytes >= MIN_BYTES;
  const claim: Claim = {
    kind: 'high_entropy',
    rule: 'shannon-above-threshold',
    detail: `${rounded} bits per byte, above ${threshold}, in ${type.mime}, which is not compressed by nature`,
    offset: null,
    evidence: { entropy_bits_per_byte: rounded, threshold, mime: type.mime, bytes },
  };
  return {
    claims: flagged ? [claim] : [],
    measurements: {
      entropy_bits_per_byte: rounded,
      ...(entropyMap === '' ? {} : { [ENTROPY_MAP]: entropyMap }),
    },
    misses: [],
    inspected_bytes: bytes,
    windowed: false,
  };
}
