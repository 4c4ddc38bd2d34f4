import type { Evidence } from '../domain/index.ts';

/** A top folder in which what arrived is, taken together, what an attack leaves behind. */
export interface KnownAttack {
  readonly path: Uint8Array;
  readonly since: string;
  /** It counts as one until then, unless more of it comes. */
  readonly until: string;
  /** Why. */
  readonly mass: {
    readonly rule: string;
    readonly detail: string;
    readonly evidence: Evidence;
  };
}

/** Attacks as they were told: they outlive the process that found them. */
export interface AttackList {
  /** Enters it, with the journal, or moves the end of one that is known and lasts. */
  note(attack: Omit<KnownAttack, 'since'>): Promise<void>;
  /** Those that last, the newest first, and at most so many. */
  lasting(limit: number): Promise<readonly KnownAttack[]>;
}
