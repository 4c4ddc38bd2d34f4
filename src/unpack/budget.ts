import { ImageCost } from '../bytes/index.ts';
import type { BudgetLimits } from '../domain/index.ts';
import { OverBudget } from './trouble.ts';

const GIB = 1024 ** 3;

/** Below this many bytes out nothing is called a bomb, whatever its ratio. */
export const BOMB_BYTES = GIB;

/** One budget a tree, shared by all its containers. */
export class Budget {
  readonly limits: BudgetLimits;
  readonly images = new ImageCost();
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
