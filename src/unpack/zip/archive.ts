import { nameFromBytes, type ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import type { FormatSink, Member, UnpackContext } from '../format.ts';
import type { Keyring } from './keyring.ts';
import type { Ranges } from './ranges.ts';
import type { Window } from './window.ts';

/** Findings of one rule that are told one by one; the rest is counted. */
const TOLD = 20;
/** Names in the gap of encrypted members. */
const NAMES = 5;

/** One archive while it is unpacked. */
export interface Archive {
  readonly source: ByteSource;
  readonly sink: FormatSink;
  readonly context: UnpackContext;
  /** Over the members. */
  readonly members: Window;
  /** Over directories and end records. */
  readonly directory: Window;
  readonly ledger: ByteLedger;
  readonly ranges: Ranges;
  readonly keyring: Keyring;
  readonly allowance: Allowance;
  /** Bytes that may be passed over in search of the ends of unlisted members. */
  readonly searches: Allowance;
  readonly account: Account;
}

/**
 * Bytes that may be unpacked a second time, because members lie over each other or have two readings: as many as the
 * archive has. A bomb that quotes the same bytes a thousand times gets no further.
 */
export class Allowance {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}

/** What is said of the whole archive at its end. */
export class Account {
  readonly #sink: FormatSink;
  readonly #told = new Map<string, number>();
  readonly #locked = new Tally();
  readonly #covered = new Tally();
  /** Everything but folders. */
  members = 0;

  constructor(sink: FormatSink) {
    this.#sink = sink;
  }

  unsafe(rule: string, detail: string, member?: Member['name']): void {
    const count = (this.#told.get(rule) ?? 0) + 1;
    this.#told.set(rule, count);
    if (count <= TOLD) this.#sink.unsafe(rule, detail, member === undefined ? {} : { member });
  }

  /** Members lie over each other: told once. */
  overlap(detail: string): void {
    if (!this.#told.has('overlapping-entries')) this.unsafe('overlapping-entries', detail);
  }

  /** No password opens it. */
  locked(name: Buffer, size: number): void {
    this.#locked.add(name, size);
  }

  /** It lies over others, and enough has been unpacked twice. */
  covered(name: Buffer, packed: number): void {
    this.#covered.add(name, packed);
  }

  close(): void {
    for (const [rule, count] of this.#told) {
      if (count > TOLD) this.#sink.measure(`${rule.replaceAll('-', '_')}_findings`, count);
    }
    if (this.#locked.count > 0) {
      const detail = `${this.#locked.count} of ${this.members} members need a password: ${this.#locked.names()}`;
      this.#sink.gap('encrypted', detail, { bytes: this.#locked.bytes });
    }
    if (this.#covered.count > 0) {
      const detail = `${this.#covered.count} of ${this.members} members lie over others and were not unpacked: ${this.#covered.names()}`;
      this.#sink.gap('corrupt', detail, { bytes: this.#covered.bytes });
    }
  }
}

class Tally {
  readonly #names: string[] = [];
  count = 0;
  bytes = 0;

  add(name: Buffer, bytes: number): void {
    this.count++;
    this.bytes = Math.min(this.bytes + bytes, Number.MAX_SAFE_INTEGER);
    if (this.#names.length < NAMES) this.#names.push(nameFromBytes(name));
  }

  names(): string {
    return `${this.#names.join(', ')}${this.count > NAMES ? ', …' : ''}`;
  }
}
