import type { Evidence, Finding } from '../../domain/index.ts';
import {
  ABSOLUTE,
  ALIKE,
  ALIKE_AND_KNOWN,
  MOST_ENDINGS,
  OF_FEW,
  OF_MANY,
  OF_MANY_BY_STATISTICS,
  OF_SOME,
  STATISTICAL_RULES,
  WITHIN,
  type Bound,
} from './thresholds.ts';

/** Why a whole looks attacked. */
export interface Mass {
  readonly rule: string;
  readonly detail: string;
  readonly evidence: Evidence;
}

/** What is counted of a finding. */
export type CountedFinding = Pick<Finding, 'kind' | 'rule' | 'evidence'>;

/** Counts how many of the files of one whole look encrypted. Constant memory, whatever their number. */
export class MassCounter {
  #files = 0;
  #suspected = 0;
  /** Of them, those that statistics alone accuse. */
  #byStatistics = 0;
  readonly #endings = new Map<string, { count: number; isKnown: boolean }>();
  readonly #isWithin: boolean;

  /** `isWithin`: the whole is a folder of what was given, and held to more. */
  constructor(isWithin = false) {
    this.#isWithin = isWithin;
  }

  get files(): number {
    return this.#files;
  }

  get suspected(): number {
    return this.#suspected;
  }

  /** The next file, with what was found in it. Findings that somebody accepted are not to be among them. */
  add(findings: readonly CountedFinding[]): void {
    this.#files++;
    const finding = findings.find(({ kind }) => kind === 'encryption_suspected');
    if (finding === undefined) return;
    this.#suspected++;
    if (STATISTICAL_RULES.has(finding.rule)) this.#byStatistics++;
    const { appended, ending } = finding.evidence;
    if (typeof appended !== 'string') return;
    const known = this.#endings.get(appended);
    if (known !== undefined) known.count++;
    else if (this.#endings.size < MOST_ENDINGS) {
      this.#endings.set(appended, { count: 1, isKnown: typeof ending === 'string' });
    }
  }

  /** So many files in which nothing was found. */
  addPlain(files: number): void {
    this.#files += files;
  }

  /** null while there is too little to say so. */
  mass(): Mass | null {
    const share = this.#suspected / Math.max(1, this.#files);
    const alike = this.#alike();
    const enough = ({ least, share: bound }: Bound, count = this.#suspected): boolean =>
      count >= least && count >= bound * this.#files;
    const many =
      this.#suspected >= ABSOLUTE ||
      (this.#isWithin
        ? enough(WITHIN)
        : enough(OF_MANY, this.#suspected - this.#byStatistics) ||
          [OF_MANY_BY_STATISTICS, OF_SOME, OF_FEW].some((bound) => enough(bound)));
    if (!many && alike === null) return null;
    const percent = Math.round(share * 10_000) / 100;
    const counts = `${this.#suspected} of ${this.#files} files (${percent} %) look encrypted`;
    const renamed = alike === null ? '' : `; ${alike.count} of them got the ending ${alike.ending}`;
    return {
      rule: alike === null ? 'share-of-files' : 'renamed-alike',
      detail: counts + renamed,
      evidence: {
        files: this.#files,
        suspected: this.#suspected,
        share: Math.round(share * 1e6) / 1e6,
        ending: alike?.ending ?? null,
        with_this_ending: alike?.count ?? 0,
      },
    };
  }

  #alike(): { ending: string; count: number } | null {
    let most: { ending: string; count: number } | null = null;
    for (const [ending, { count, isKnown }] of this.#endings) {
      if (count < (isKnown ? ALIKE_AND_KNOWN : ALIKE)) continue;
      if (most === null || count > most.count) most = { ending, count };
    }
    return most;
  }
}
