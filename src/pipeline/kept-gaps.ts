import { isRoot, type Artifact, type Gap } from '../domain/index.ts';

/** Trails kept of each (stage, by, reason, format); a report lists 100 of them (CONTRACTS 2). */
const KEPT_TRAILS = 1000;
const KEPT_AT_ALL = 20_000;
/** An engine that is away says the same of every artifact: one line a tree. */
const ONE_LINE: readonly Gap['reason'][] = ['engine_off', 'engine_unavailable'];

/** The gaps of one tree; what is too many to be kept is one line with a count, that no path or hash accepts. */
export class KeptGaps {
  readonly kept: Gap[] = [];
  readonly #root: string;
  readonly #trails = new Map<string, number>();
  readonly #leftOut = new Map<string, { first: Gap; artifacts: number; bytes: number }>();

  constructor(root: string) {
    this.#root = root;
  }

  get omitted(): number {
    const lines = [...this.#leftOut.values()].filter(({ first }) => !ONE_LINE.includes(first.reason));
    return lines.reduce((sum, { artifacts }) => sum + artifacts, 0);
  }

  add(gap: Gap): void {
    const away = ONE_LINE.includes(gap.reason);
    const place = isRoot(gap.trail) ? 'root' : 'nested';
    const key = [gap.stage, gap.by, gap.reason, ...(away ? [] : [place, gap.format])].join('\0');
    const trails = (this.#trails.get(key) ?? 0) + 1;
    this.#trails.set(key, trails);
    if (!away && trails <= KEPT_TRAILS && this.kept.length < KEPT_AT_ALL) {
      this.kept.push(gap);
      return;
    }
    const line = this.#leftOut.get(key) ?? { first: gap, artifacts: 0, bytes: 0 };
    line.artifacts += gap.artifacts;
    line.bytes += gap.bytes ?? 0;
    this.#leftOut.set(key, line);
  }

  remainders(root: Artifact): Gap[] {
    return [...this.#leftOut.values()].map(({ first, artifacts, bytes }) => ({
      ...first,
      artifact: root.id,
      trail:
        ONE_LINE.includes(first.reason) || isRoot(first.trail)
          ? root.trail
          : ([this.#root, '(more of the same)'] as const),
      sha256: null,
      artifacts,
      bytes,
    }));
  }
}
