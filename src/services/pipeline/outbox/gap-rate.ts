import type { FileResult } from '../../../contracts/index.ts';

const WINDOW_MS = 3_600_000;
/** Fewer files are no rate. */
const LEAST_FILES = 20;
/** Of one window: the newest count. */
const MOST_FILES = 10_000;

/** How many of the files of the last hour were not examined in full, where that is not accepted or tolerated by the policy. */
export class GapRate {
  readonly #share: number;
  readonly #files: { readonly at: number; readonly gaps: boolean }[] = [];

  constructor(share: number) {
    this.#share = share;
  }

  add({ gaps }: Pick<FileResult, 'gaps'>, now: number): void {
    const counts = gaps.some(
      ({ accepted, rule, reason }) =>
        accepted === undefined && (rule !== 'tolerate' || reason === 'engine_unavailable'),
    );
    this.#files.push({ at: now, gaps: counts });
    if (this.#files.length > MOST_FILES) this.#files.shift();
  }

  /** `low` is half as many as `high`, so that it does not flap. */
  look(now: number): {
    readonly state: 'high' | 'between' | 'low' | 'few';
    readonly files: number;
    readonly with_gaps: number;
  } {
    const first = this.#files.findIndex(({ at }) => now - at < WINDOW_MS);
    this.#files.splice(0, first < 0 ? this.#files.length : first);
    const files = this.#files.length;
    const with_gaps = this.#files.filter(({ gaps }) => gaps).length;
    const share = with_gaps / Math.max(1, files);
    if (files < LEAST_FILES) return { state: 'few', files, with_gaps };
    const state = share >= this.#share ? 'high' : share < this.#share / 2 ? 'low' : 'between';
    return { state, files, with_gaps };
  }
}
