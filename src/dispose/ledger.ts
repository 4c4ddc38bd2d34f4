import type { DispositionState, Intent, Outcome, StoredItem } from '../domain/index.ts';

/** A disposition that has not come to its end. */
export interface Unfinished {
  readonly intent: Intent;
  readonly state: Extract<DispositionState, 'intended' | 'claimed' | 'done'>;
}

/**
 * Where this room writes down what it is about to do and what it has done, so that a crash at any point leaves
 * enough to go on from. Each is durable once it resolves. The store is behind it.
 */
export interface Ledger {
  /** Before anything is touched. Throws while an earlier disposition of the same file or item is unfinished. */
  intend(intent: Intent): Promise<void>;
  claimed(id: string): Promise<void>;
  /** From here on the copy is the file. */
  done(id: string, outcome: Outcome): Promise<void>;
  /** Nothing is left over. */
  close(id: string): Promise<void>;
  /** Everything is as it was; after a crash the journal says so. */
  withdraw(
    id: string,
    journal: { readonly location: Uint8Array; readonly detail: string } | null,
  ): Promise<void>;
  unfinished(): Promise<readonly Unfinished[]>;
  item(id: string): Promise<StoredItem | null>;
}
