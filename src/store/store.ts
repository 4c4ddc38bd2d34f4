import type { AttackList } from './attack-list.ts';
import type { Alarms } from './alarms.ts';
import type { EventSinks } from './event-sinks.ts';
import type { FileQueue } from './file-queue.ts';
import type { Journal } from './journal.ts';
import type { Judgements } from './judgements.ts';
import type { DispositionLedger, ItemIndex } from './ledger.ts';
import type { ReleaseCalls } from './release-calls.ts';
import type { Gate, ReviewList } from './review-list.ts';
import type { ScanArchive } from './scan-archive.ts';
import type { Retained, RetentionPolicy } from './retention.ts';
import type { TokenList } from './token-list.ts';
import type { UnsettledList } from './unsettled-list.ts';
import type { UploadList } from './upload-list.ts';
import type { FileState, Lane } from './watched-file.ts';

/** What a running service shows of its store. */
export interface StoreCounts {
  readonly files: Readonly<Record<FileState, number>>;
  /** Waiting, by lane. */
  readonly waiting: Readonly<Record<Lane, number>>;
  /** Of what is `in_place`, not approved: sets that were rejected, and what was brought back from quarantine. */
  readonly in_place_rejected: number;
  readonly in_place_restored: number;
  /** Top folders of which an attack is told as of now. */
  readonly attacked_folders: number;
  readonly suspect: number;
  readonly open_reviews: number;
  /** Of these, how many have waited too long. */
  readonly escalated_reviews: number;
  readonly quarantined: number;
  readonly unfinished_dispositions: number;
  /** In INCOMING_DIR and not at rest, as of the last look; without a row of their own. */
  readonly unsettled: number;
  /** Of these, folders that look like the beginning of a set. */
  readonly begun_sets: number;
  /** Approvals that the release hook is to be told of again, and those that it is told of no more. */
  readonly hooks_waiting: number;
  readonly hooks_failed: number;
  /** Age matters more than number: when the longest waiting file was accepted, and so on. null: there is none. */
  readonly oldest_waiting: string | null;
  readonly oldest_provisional: string | null;
  readonly oldest_review: string | null;
  readonly oldest_unsettled: string | null;
  readonly oldest_hook: string | null;
  readonly last_accepted: string | null;
  readonly last_decided: string | null;
  /** When clamd last found its canary. */
  readonly last_canary_ok: string | null;
  readonly journal_records: number;
}

/** Time as the store has seen it. */
export interface ClockCheck {
  readonly now: string;
  /** The latest instant that anything in the store happened at. */
  readonly highest_seen: string;
  /** More than a day ahead of the highest, or behind it: nothing may be purged by age (ATTACKS B15). */
  readonly jumped: boolean;
}

/**
 * The durable state: one truth for the service and the commands. Each method is one transaction, durable once it
 * resolves, with the journal's record inside. Throws BL_STORE where it cannot be read or written, with the next step
 * as hint; nothing has changed then.
 *
 * Held to test/kit/store/conformance.ts, whatever is behind it.
 */
export interface Store {
  readonly files: FileQueue;
  readonly scans: ScanArchive;
  readonly ledger: DispositionLedger;
  readonly items: ItemIndex;
  readonly reviews: ReviewList;
  readonly gate: Gate;
  readonly uploads: UploadList;
  readonly journal: Journal;
  readonly judgements: Judgements;
  readonly releases: ReleaseCalls;
  readonly unsettled: UnsettledList;
  readonly attacks: AttackList;
  readonly tokens: TokenList;
  readonly sinks: EventSinks;
  readonly alarms: Alarms;

  /** Drawn when the store was made; owner files in managed folders name it (ATTACKS B8). */
  instanceId(): Promise<string>;
  counts(): Promise<StoreCounts>;
  /** Compares the wall clock with the highest time seen, and moves that on unless it jumped. Journalled when it did. */
  checkClock(): Promise<ClockCheck>;
  /** Removes what is older than it has to be. Does nothing, and says so, while the clock cannot be trusted. */
  retain(policy: RetentionPolicy): Promise<Retained>;
  close(): Promise<void>;
}
