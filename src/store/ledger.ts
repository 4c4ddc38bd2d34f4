import type { DispositionState, Intent, Outcome, StoredItem } from '../domain/index.ts';

/** A disposition that has not come to its end. */
export interface OpenDisposition {
  readonly intent: Intent;
  readonly state: Extract<DispositionState, 'intended' | 'claimed' | 'done'>;
}

/**
 * The dispositions: what is about to be done with files on disk, and how far it has come. The dispose room acts, and
 * asks for each of these at its moment; each is durable once it resolves (DESIGN 8).
 */
export interface DispositionLedger {
  /** Throws BL_DISPOSITION while an earlier disposition of the same file or item has not come to its end. */
  intend(intent: Intent): Promise<void>;
  claimed(id: string): Promise<void>;
  /** The copy is the file from here on: with it, in one transaction, the file's state, its item, and the journal. */
  done(id: string, outcome: Outcome): Promise<void>;
  /** Nothing is left to be done. */
  close(id: string): Promise<void>;
  /** The file is where it was. `journal`: a crash lay between, and the journal says that it was put back. */
  withdraw(
    id: string,
    journal: { readonly location: Uint8Array; readonly detail: string } | null,
  ): Promise<void>;
  /** The oldest first; few, since each was under way when something died. */
  unfinished(): Promise<readonly OpenDisposition[]>;
  /** What stands in quarantine or in the review folder under this id; null once it does not. */
  item(id: string): Promise<StoredItem | null>;
}

/** What is in quarantine and in the review folder. */
export interface ItemIndex {
  /** Oldest first; keyset by `after`. */
  list(options: {
    readonly kind: StoredItem['kind'];
    readonly limit: number;
    readonly after?: string | undefined;
    /** Its own name, or `kind:rule` as in the facts. */
    readonly rule?: string | undefined;
    /** A kind of finding. */
    readonly found?: string | undefined;
    /** The path that it came from begins with these bytes. */
    readonly under?: Uint8Array | undefined;
    /** Taken in [since, until). */
    readonly since?: string | undefined;
    readonly until?: string | undefined;
  }): Promise<readonly StoredItem[]>;
  /** Ids that begin with this, or whose part after the dash does. At most ten. */
  find(abbreviation: string): Promise<readonly string[]>;
  /** How many files a rule has put into quarantine since then: the breaker asks (ATTACKS B5). */
  quarantinedBy(rule: string, since: string): Promise<number>;
  /** Enters an item that stands on disk, as its container or its held folder says; false when it is known. */
  adopt(item: Omit<StoredItem, 'file'>): Promise<boolean>;
}
