import { OverBudget } from './trouble.ts';

const GIB = 1024 ** 3;

/** Limits for one tree; CONTRACTS 2 has the command-line names, DESIGN 7 the defaults. */
export interface BudgetLimits {
  /** Containers within containers; 16 (ClamAV has 17, Strelka 15). */
  readonly max_depth: number;
  /** Members in the whole tree; 10 million. */
  readonly max_entries: number;
  /** Bytes out in the whole tree; null: max(100 GiB, 200 x the input). */
  readonly max_unpacked_bytes: number | null;
  /** Bytes of one member; what is beyond is a gap on that member, and the next one follows. null: only the tree's limit. */
  readonly max_member_bytes: number | null;
  /** Bytes out per byte in; beyond this and 1 GiB out it is called a bomb; 1000. */
  readonly max_ratio: number;
  /** Active time of one container, in ms; 15 minutes. Waiting for the examiners does not count. */
  readonly max_container_ms: number;
  /** Time for the whole tree, in ms; null: none. Whoever scans keeps it, by aborting the signal. */
  readonly max_scan_ms: number | null;
}

export const DEFAULT_LIMITS: BudgetLimits = {
  max_depth: 16,
  max_entries: 10_000_000,
  max_unpacked_bytes: null,
  max_member_bytes: null,
  max_ratio: 1000,
  max_container_ms: 15 * 60_000,
  max_scan_ms: null,
};

/** Below this many bytes out nothing is called a bomb, whatever its ratio. */
export const BOMB_BYTES = GIB;

/** One budget a tree, shared by all its containers. */
export class Budget {
  readonly limits: BudgetLimits;
  readonly #maxBytes: number;
  readonly #inputBytes: number | null;
  #entries = 0;
  #bytesOut = 0;
  #denseOut = 0;

  /** `inputBytes` is the size of the root; null when it streams past. */
  constructor(limits: BudgetLimits, inputBytes: number | null = null) {
    this.limits = limits;
    this.#inputBytes = inputBytes;
    this.#maxBytes = limits.max_unpacked_bytes ?? Math.max(100 * GIB, 200 * (inputBytes ?? 0));
  }

  get entries(): number {
    return this.#entries;
  }

  get bytesOut(): number {
    return this.#bytesOut;
  }

  /** Room for a container this deep (the root is 0)? Throws OverBudget. */
  takeDepth(depth: number): void {
    if (depth >= this.limits.max_depth) {
      throw new OverBudget(
        `nested ${depth} deep; at most ${this.limits.max_depth} containers within each other are opened`,
      );
    }
  }

  /** One more member. Throws OverBudget. */
  takeEntry(): void {
    if (this.#entries >= this.limits.max_entries) {
      throw new OverBudget(`more than ${this.limits.max_entries} members in one tree`);
    }
    this.#entries++;
  }

  /**
   * That many more bytes came out. Throws OverBudget. Returns the figures when the whole tree has become a bomb: each
   * level's ratio may be modest, their product is not. Holes of disk images do not count for that.
   */
  takeBytes(count: number, sparse: boolean): { bytesIn: number; bytesOut: number } | null {
    this.#bytesOut += count;
    if (!sparse) this.#denseOut += count;
    if (this.#bytesOut > this.#maxBytes) {
      throw new OverBudget(
        `${this.#bytesOut} bytes came out of one tree; at most ${this.#maxBytes} are unpacked`,
      );
    }
    const bytesIn = this.#inputBytes;
    if (bytesIn === null || this.#denseOut <= BOMB_BYTES) return null;
    return this.#denseOut > this.limits.max_ratio * bytesIn ? { bytesIn, bytesOut: this.#denseOut } : null;
  }
}
