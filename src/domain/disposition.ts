import type { Decision, Verdict } from './decision.ts';

/** What is done with a file on disk. Everything else that may happen to a file moves nothing. */
export const DISPOSITION_KINDS = ['quarantine', 'hold', 'release', 'restore', 'delete'] as const;
export type DispositionKind = (typeof DISPOSITION_KINDS)[number];

/**
 * How far a disposition has come. `intended`: nothing was touched that cannot be found by the intent. `claimed`: the
 * file may be in its claim folder. `done`: its copy is the file, the original may still be in the claim. `closed`:
 * nothing is left to be done. `withdrawn`: the file is where it was.
 */
export const DISPOSITION_STATES = ['intended', 'claimed', 'done', 'closed', 'withdrawn'] as const;
export type DispositionState = (typeof DISPOSITION_STATES)[number];

/**
 * What is about to be done with a file, durable before the first step: enough to finish it or to take it back when
 * nothing else is left. Paths are bytes, absolute, links resolved.
 */
export interface Intent {
  /** Of this disposition, and of the item that it makes; names its claim folder and its drafts. */
  readonly id: string;
  readonly kind: DispositionKind;
  /** The item that it takes up: what is restored or deleted, the held file that is released or quarantined. */
  readonly item: string | null;
  /** The file in the store; null where nobody watches it. */
  readonly file: string | null;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** An account, a token's name or a service. */
  readonly who: string;
  /** For people: why a person asked for it; null where the decision says it all. */
  readonly why: string | null;
  /** Where the file is taken from: its own place, its held copy, or its container. */
  readonly from: Uint8Array;
  /** A folder is known again by its inode: a device number may change with the next mount. Decimal. */
  readonly from_folder_ino: string;
  /** The file itself, decimal; null where it is not moved by its inode (restore, delete). */
  readonly dev: string | null;
  readonly ino: string | null;
  readonly size: number | null;
  /** Lower-case hex; null where a container is too damaged to tell. */
  readonly sha256: string | null;
  /** The folder that receives it; null for a deletion. */
  readonly to_folder: Uint8Array | null;
  readonly to_folder_ino: string | null;
  /** Its name there; null where the id names it (quarantine, hold). */
  readonly to_name: Uint8Array | null;
  /** Where that name is taken, the file gets it with a dot and this behind it (a scan's id). Never empty. */
  readonly ending: string;
  /** A restoration that leaves the item in quarantine. */
  readonly keep: boolean;
}

/** What is kept of a file besides its bytes, in a container's header, beside a held file, and in the store. */
export interface KeptFacts {
  readonly id: string;
  readonly taken_at: string;
  readonly tool: { readonly name: 'backuplens'; readonly version: string | null };
  /** Absolute, links resolved; as text for people, the bytes decide. */
  readonly origin: { readonly path: string; readonly path_base64: string };
  readonly size: number;
  readonly sha256: string;
  /** Octal, with setuid, setgid and sticky. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly mtime_ns: string;
  readonly atime_ns: string;
  /** Names that the file had; those beyond one are still where they were. */
  readonly nlink: number;
  /** Extended attributes, ACLs and capabilities among them; null where they could not be read. */
  readonly xattrs: readonly { readonly name: string; readonly value_base64: string }[] | null;
  readonly decision: Decision;
  readonly verdict: string;
  readonly score: number;
  readonly reasons: readonly string[];
  /** Of the findings that weighed, `kind` or `kind:rule`; what `quarantine restore --rule` goes by. */
  readonly rules: readonly string[];
}

/** Where a disposition ended. */
export interface Outcome {
  /** Where the file is now; null once it is deleted. */
  readonly location: Uint8Array | null;
  /** Of what was taken into quarantine or under review. */
  readonly facts: KeptFacts | null;
  /** For the journal. */
  readonly detail: string | null;
}

/** A file in quarantine or in the review folder, as the store knows it. */
export interface StoredItem {
  readonly id: string;
  readonly kind: 'quarantine' | 'hold';
  readonly file: string | null;
  readonly origin: Uint8Array;
  /** The container, or the held file's folder. */
  readonly location: Uint8Array;
  readonly facts: KeptFacts;
}

/** What the journal can say. */
export const JOURNAL_ACTIONS = [
  'decided',
  'quarantined',
  'held',
  'released',
  'left_in_place',
  'restored',
  'deleted',
  'put_back',
  'disposition_pending',
  'superseded',
  'vanished',
  'approved',
  'rejected',
  'escalated',
  'uploaded',
  'waived',
  'remembered',
  'forgotten',
  'mass_encryption',
  'store_made',
  'store_migrated',
  'store_rebuilt',
  'store_restored',
  'reports_removed',
  'clock_jumped',
  'policy_taken',
  'policy_refused',
  'rules_taken',
  'rules_fewer',
  'rules_refused',
  'lists_refused',
  'judged_again',
  'token_made',
  'token_revoked',
  'hook_told',
  'hook_failed',
  'hook_given_up',
  'engine_up',
  'engine_down',
  'engine_blind',
  'gap_rate',
  'gap_rate_over',
  'silence',
  'silence_over',
  'bundle_taken',
  'bundle_refused',
  'bundle_rolled_back',
  'bundle_key_trusted',
  'bundle_key_revoked',
] as const;
export type JournalAction = (typeof JOURNAL_ACTIONS)[number];

/** One thing that happened, as somebody asks for it to be written down. */
export interface JournalEntry {
  readonly action: JournalAction;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly who: string;
  readonly file: string | null;
  /** The disposition or the item; of an engine its name. */
  readonly item: string | null;
  /** The place that the action took the file from, or brought it to; null where there is none. */
  readonly path: Uint8Array | null;
  readonly sha256: string | null;
  readonly decision: Decision | null;
  readonly verdict: Verdict | null;
  readonly detail: string | null;
}

/** As it stands in the journal: `hash` is the SHA-256 of `line`, and `line` names the hash of the one before. */
export interface JournalRecord extends JournalEntry {
  /** From 1, without holes. */
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
  /** The record's canonical form: JSON in printable ASCII. */
  readonly line: string;
}
