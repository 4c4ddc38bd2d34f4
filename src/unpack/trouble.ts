import type { GapReason } from '../domain/index.ts';

/** What a format meets and cannot go on with. `openContainer` turns it into a gap of this reason. */
export class Trouble extends Error {
  readonly reason: GapReason;
  /** The member it happened in; null: the container itself. */
  readonly member: Uint8Array | string | null;
  /** How many bytes stay unseen; null when nobody can know. */
  readonly bytes: number | null;

  constructor(
    reason: GapReason,
    detail: string,
    { member = null, bytes = null }: { member?: Uint8Array | string | null; bytes?: number | null } = {},
  ) {
    super(detail);
    this.name = 'Trouble';
    this.reason = reason;
    this.member = member;
    this.bytes = bytes;
  }
}

type Options = ConstructorParameters<typeof Trouble>[2];

/** The bytes are not what the format says they must be. */
export class Damaged extends Trouble {
  constructor(detail: string, options?: Options) {
    super('corrupt', detail, options);
  }
}

/** No password that was given opens it. */
export class NeedsPassword extends Trouble {
  constructor(detail: string, options?: Options) {
    super('encrypted', detail, options);
  }
}

/** A kind of the format that nobody here reads. */
export class Unsupported extends Trouble {
  constructor(detail: string, options?: Options) {
    super('unsupported_format', detail, options);
  }
}

/** The program that unpacks died over it: nobody knows what it would have shown. */
export class EngineDied extends Trouble {
  constructor(detail: string, options?: Options) {
    super('engine_failed', detail, options);
  }
}

/** What opens it cannot be loaded: nobody has looked. */
export class NotLoaded extends Trouble {
  constructor(detail: string) {
    super('engine_failed', detail);
  }
}

/** It would cost more than it may: depth, entries, bytes, memory, disk. */
export class OverBudget extends Trouble {
  constructor(detail: string, options?: Options) {
    super('budget_exceeded', detail, options);
  }
}
