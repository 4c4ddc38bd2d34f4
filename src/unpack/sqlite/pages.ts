/** Numbered pages of a database, from 1, wherever they lie. */
export interface Pages {
  readonly pageBytes: number;
  /** Of each page, without what is reserved for extensions at its end. */
  readonly usable: number;
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be';
  /** The page's bytes, valid until the next call; null: there is no such page. */
  page(number: number): Promise<Buffer | null>;
  /** False: there is no such page, or it has been met before where every page has one place. */
  take(number: number): boolean;
  /** A chain of more pages than that leads in a circle. */
  readonly longestChain: number;
}

/** By number (1.3.13). */
export const ENCODINGS = ['utf-8', 'utf-8', 'utf-16le', 'utf-16be'] as const;
