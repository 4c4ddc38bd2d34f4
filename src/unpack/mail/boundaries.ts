/** Multiparts in each other; what lies deeper is not taken apart. */
export const MAX_OPEN = 1000;
/** RFC 2046, 5.1.1 allows 70; lines have 998 at most. */
const MAX_BOUNDARY = 998;
/** More open ones than this, and a line is compared with exact ones only. */
const MAX_COMPARED = 64;

export interface Delimiter {
  readonly boundary: string;
  /** `--` follows the boundary: the last part has ended. */
  readonly closing: boolean;
}

/** The boundaries of the multiparts that are open, from the outermost in. */
export class Boundaries {
  readonly #open: string[] = [];
  readonly #depths = new Map<string, number>();
  /** Those of which a delimiter was seen. */
  readonly #begun = new Set<string>();
  readonly #closed = new Set<string>();

  /** Some multipart's end was not seen. */
  get unclosed(): boolean {
    return this.#open.some((boundary) => this.#begun.has(boundary) && !this.#closed.has(boundary));
  }

  /** False when there are too many open. */
  push(boundary: string): boolean {
    const kept = boundary.slice(0, MAX_BOUNDARY).trimEnd();
    if (kept === '' || this.#depths.has(kept)) return true;
    if (this.#open.length >= MAX_OPEN) return false;
    this.#depths.set(kept, this.#open.length);
    this.#open.push(kept);
    return true;
  }

  /** Closes every multipart within the one of that boundary; it stays open itself, for parts that hide behind its end. */
  popTo(boundary: string): void {
    const depth = this.#depths.get(boundary);
    if (depth === undefined) return;
    this.#begun.add(boundary);
    for (const inner of this.#open.splice(depth + 1)) {
      this.#depths.delete(inner);
      this.#begun.delete(inner);
      this.#closed.delete(inner);
    }
  }

  close(boundary: string): void {
    this.#closed.add(boundary);
  }

  /** `text`: a line behind its `--`. null: it is none of theirs. */
  match(text: string): Delimiter | null {
    const line = text.slice(0, MAX_BOUNDARY + 2).trimEnd();
    if (this.#depths.has(line)) return { boundary: line, closing: false };
    const stem = line.slice(0, -2);
    if (line.endsWith('--') && this.#depths.has(stem)) return { boundary: stem, closing: true };
    return null;
  }

  /** Some programs are content when a line begins with a boundary. */
  matchLoosely(text: string): Delimiter | null {
    if (this.#open.length > MAX_COMPARED) return null;
    const boundary = this.#open.findLast((open) => text.startsWith(open));
    if (boundary === undefined) return null;
    return { boundary, closing: text.startsWith('--', boundary.length) };
  }
}
