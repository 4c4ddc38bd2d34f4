import type { FileResult } from '../contracts/index.ts';
import type { Decision, UnitKind } from '../domain/index.ts';
import type { FileIdentity, FileState, Lane, Sighting, WatchedFile, Work } from './watched-file.ts';

/** What came of a batch of sightings; the sums are of the batch. */
export interface Accepted {
  /** New files, in the order of the sightings. */
  readonly accepted: readonly WatchedFile[];
  /** Known, and unchanged. */
  readonly known: number;
  /** Files whose path now holds something else: they ended as `superseded`. */
  readonly superseded: number;
}

/** A finished scan, to be recorded. */
export interface ScanRecord {
  readonly started_at: string;
  readonly finished_at: string;
  /** The whole result, bounded by the report's own limits; its decision, score and findings are taken from it. */
  readonly result: FileResult;
  readonly policy_sha256: string;
  readonly tool_version: string;
  /** `status`, `version` and the like of each engine, as in the report's header. */
  readonly engines: unknown;
  /** The policy releases an approval without waiting for the engine that was away. */
  readonly release_provisional?: boolean;
  /** The review by which a person has approved this content for good: that is why it is approved. */
  readonly remembered?: string;
  /** Only engines that were away keep it from being approved: nobody is asked before they are back. */
  readonly awaits_engines?: boolean;
  /** What it was judged from, as JSON can hold it: with it, it can be judged again under another policy. */
  readonly basis?: unknown;
}

/** What recording a scan led to. */
export interface Recorded {
  readonly scan: string;
  /** `decided`: now its disposition is to be carried out. `provisional`, `superseded`, `in_place`: it stays. */
  readonly state: FileState;
}

/**
 * The files and the work queue over them. Every method is one transaction; where it changes a state, the journal's
 * record is part of it. A lease is measured on a clock that does not jump (ATTACKS B15), and ends with the process:
 * who opens the store finds what was under way as `waiting` and `suspect`.
 */
export interface FileQueue {
  /**
   * Enters what intake met. A path is looked up by its bytes: unknown, it becomes `waiting`; known with the same
   * identity, nothing changes; known with another, the old file ends as `superseded` and the new one waits. So do the rows of what lies in a new
   * unit of several files. Up to 1,000 sightings a call.
   */
  accept(sightings: readonly Sighting[]): Promise<Accepted>;

  /**
   * Takes up to `limit` files of a lane, shares in turn and the longest waiting first, none of them suspect.
   * `leaseMs` from now on they are nobody else's.
   */
  take(options: {
    readonly lane: Lane;
    readonly limit: number;
    readonly leaseMs: number;
  }): Promise<readonly Work[]>;

  /** Takes one suspect file, to be run with nothing beside it; its attempt counts from here, whatever comes. */
  takeAlone(leaseMs: number): Promise<Work | null>;

  /** Extends leases; resolves to those that had run out and are no longer the caller's. */
  renew(leases: readonly string[], leaseMs: number): Promise<readonly string[]>;

  /** Back to `waiting` as if it had not been taken: a shutdown, an engine that is away. Not for failures. */
  handBack(lease: string): Promise<void>;

  /** Its worker died or hung with others beside it: back to `waiting`, to be run alone. */
  suspect(lease: string): Promise<void>;

  /**
   * Records a scan with its whole report, and what follows for the file: an approval that is only provisional, and what
   * only waits for its engine, is `provisional`; everything else is `decided`, and its disposition is to be carried out. A one-shot waiver for this path
   * and content (ATTACKS B16) is used up here: then it is `in_place`. Throws BL_STORE when the lease has run out.
   */
  record(lease: string, scan: ScanRecord): Promise<Recorded>;

  /** For `scan --apply`: accepts, takes and records in one, since there is no queue. */
  recordAt(sighting: Sighting, scan: ScanRecord): Promise<WatchedFile>;

  /** Files whose disposition is to be carried out, the longest waiting first. They stay `decided` until it is done. */
  decided(limit: number): Promise<readonly WatchedFile[]>;

  /**
   * The disposition cannot be carried out now (no room, no right): `disposition_pending`, never released meanwhile.
   * `identity`: of the file as it was put back, where that has changed its ctime.
   */
  pend(file: string, why: string, identity?: FileIdentity): Promise<void>;

  /**
   * All pending dispositions are `decided` again; with `due` those that have waited long enough: the longer, the more often it was in
   * vain, up to an hour. Resolves to how many.
   */
  retryPending(options?: { readonly due?: boolean }): Promise<number>;

  /**
   * A folder whose files are dealt with one by one, each with a row of its own: what was decided of all of them together is
   * recorded, and the folder's row ends as `superseded`. Throws BL_STORE when the lease has run out.
   */
  divide(lease: string, scan: ScanRecord): Promise<void>;

  /** An approval that moves nothing: `in_place`. */
  leave(file: string, detail: string | null): Promise<void>;

  /** What a person rejected, and what is never moved: `in_place`, and not approved. The detail says that it was rejected. */
  refuse(file: string, detail: string): Promise<void>;

  /** Something else stands at its path (`superseded`), or nothing does (`gone`); of what was released, at the place that it was released to. */
  lose(file: string, state: 'superseded' | 'gone'): Promise<void>;

  /**
   * A folder turns out to be one set: what lies in it and is not dealt with ends, to be met again as a part of it (`gathered`).
   * `apart`: what of it was moved away since that instant.
   */
  gather(folder: Uint8Array, since: string): Promise<{ readonly gathered: number; readonly apart: number }>;

  /** Provisional approvals, the oldest first; keyset by `after`. */
  provisional(options: { readonly limit: number; readonly after?: string }): Promise<readonly WatchedFile[]>;

  /** The engine is back: up to `limit` provisional files wait again, in the rescan lane. Resolves to how many. */
  rescanProvisional(limit: number): Promise<number>;

  get(id: string): Promise<WatchedFile | null>;

  /** When the last one was accepted; null: none ever was. */
  lastAccepted(): Promise<string | null>;

  /** The file at that path, in any state in which it is there. */
  at(path: Uint8Array): Promise<WatchedFile | null>;

  /** Its location is where it was released to: out of our hands, and its owner's. */
  wasReleased(file: string): Promise<boolean>;

  /** Units of these kinds that are at their path, the newest first. */
  there(kinds: readonly UnitKind[], limit: number): Promise<readonly WatchedFile[]>;

  /** The last decision on that folder by which it was divided; null: that folder, by its inode, never was. */
  divided(path: Uint8Array, folder: Pick<FileIdentity, 'dev' | 'ino'>): Promise<Decision | null>;

  /**
   * Keyset pages for lists and for the reconciliation of store and disk, by id (ids sort by time of acceptance).
   */
  list(options: {
    readonly states?: readonly FileState[];
    readonly limit: number;
    readonly after?: string;
  }): Promise<readonly WatchedFile[]>;
}
