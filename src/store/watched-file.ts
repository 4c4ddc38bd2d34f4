import type { Decision, UnitKind, Verdict } from '../domain/index.ts';

/**
 * Where a file stands. It is at its path while waiting, scanning, decided, disposition_pending, in_place,
 * provisional, and held with no place of its own; in all other states its path is free for others.
 *
 * ```
 * waiting ─► scanning ─► decided ─► quarantined ─► restored | deleted
 *    ▲          │           ├─────► held ─────────► released | quarantined | in_place
 *    └──────────┘           ├─────► released
 *   handed back,            ├─────► in_place
 *   or its worker died      ├─────► provisional ──► waiting, when the engine is back
 *                           └─────► disposition_pending ─► decided, when there is room again
 * ```
 *
 * From every state in which it is at its path: `superseded` when something else stands there, `gone` when nothing
 * does. Both are ends; the new content is a file of its own.
 */
export const FILE_STATES = [
  'waiting',
  'scanning',
  'decided',
  'disposition_pending',
  'held',
  'quarantined',
  'released',
  'in_place',
  'provisional',
  'superseded',
  'gone',
  'restored',
  'deleted',
] as const;
export type FileState = (typeof FILE_STATES)[number];

/**
 * `fresh`: what came in. `large`: the slow lane, so that small files do not wait behind containers. `rescan`: what
 * was decided before, a bounded share of the slots (ATTACKS D1, D3).
 */
export const LANES = ['fresh', 'large', 'rescan'] as const;
export type Lane = (typeof LANES)[number];

/** What tells one content of a path from another, as `fstat` gave it (bigint): all of it compared (ATTACKS A12). */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtime_ns: bigint;
  readonly ctime_ns: bigint;
}

/** A settled file that intake met. */
export interface Sighting {
  /** Absolute, as bytes: the key. */
  readonly path: Uint8Array;
  readonly identity: FileIdentity;
  /** Files of one share take turns with those of others: the top folder below INCOMING_DIR, as bytes. */
  readonly share: Uint8Array;
  readonly lane: Lane;
  /** Settled or not, it has to be decided: with this gap it goes to review (ATTACKS A13). */
  readonly never_settled: boolean;
  /** What it stands for; a file where nothing is said. */
  readonly unit?: UnitKind;
  /** Of volumes: the paths of the others, which are no files of their own from here on. */
  readonly others?: readonly Uint8Array[];
}

/** A file as the store knows it. */
export interface WatchedFile {
  readonly id: string;
  /** Of a folder: its own; of volumes: the first one's. */
  readonly path: Uint8Array;
  readonly unit: UnitKind;
  readonly identity: FileIdentity;
  readonly state: FileState;
  readonly lane: Lane;
  readonly never_settled: boolean;
  /** When intake accepted it. RFC 3339, UTC, like every instant here. */
  readonly accepted_at: string;
  readonly changed_at: string;
  /** Where it is now when it is not at its path (released, quarantined, held in the review folder). */
  readonly location: Uint8Array | null;
  /** It was in flight when its worker or the whole service died: it is run alone next. */
  readonly suspect: boolean;
  /** How often it was run alone; only those count (ATTACKS B14). */
  readonly attempts: number;
  /** Of the last scan that was recorded; null before. */
  readonly scan: string | null;
  /** Of a unit of several files: of its manifest (docs/store.md). */
  readonly sha256: string | null;
  readonly decision: Decision | null;
  readonly verdict: Verdict | null;
  /** Since when its approval has been provisional. */
  readonly provisional_since: string | null;
  /** Why it is where it is, for people: a pending disposition's fault, a waiver. */
  readonly detail: string | null;
}

/** A file with the lease under which it may be scanned. */
export interface Work extends WatchedFile {
  /** Names this lease in `renew`, `handBack` and `record`; one that has run out is refused. */
  readonly lease: string;
}
