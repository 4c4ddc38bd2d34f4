import type { Analyzer } from '../analyze/index.ts';
import type { Scratch } from '../bytes/index.ts';
import type { ContentType } from '../domain/index.ts';
import type { Identifier } from '../identify/index.ts';
import type { Budget } from '../unpack/index.ts';
import type { AskedBefore } from './asked-before.ts';
import type { Ledger } from './ledger.ts';
import type { Meter } from './stats/meter.ts';

/** What is shared by all artifacts of one tree. */
export interface Tree {
  readonly identifier: Identifier;
  readonly analyzers: readonly Analyzer[];
  readonly budget: Budget;
  readonly scratch: Scratch;
  readonly passwords: readonly string[];
  readonly ledger: Ledger;
  /** What engines said before; absent: they are asked, and nothing is kept. */
  readonly before?: AskedBefore;
  /** The root is not opened: it is a part of what is opened as a whole. */
  readonly closed?: boolean;
  /** Ends the whole scan of this tree. */
  readonly signal: AbortSignal;
  /** None: nobody asks where the time goes. */
  readonly meter?: Meter | null;
  /** Told of every chunk of the root, for the progress bar. */
  readonly progress: (bytes: number) => void;
}

export interface Examined {
  readonly type: ContentType;
  readonly size: number;
  readonly sha256: string | null;
}
