import type { Decision, JournalAction, Verdict } from '../domain/index.ts';

/** What is told outside, in the words of docs/siem.md. */
export type EventType =
  | 'decision'
  | 'hold.opened'
  | 'hold.decided'
  | 'hold.escalated'
  | 'quarantine'
  | 'release'
  | 'restore'
  | 'delete'
  | 'file.ended'
  | 'file.pending'
  | 'file.uploaded'
  | 'hook.given_up'
  | 'attack'
  | 'engine.up'
  | 'engine.down'
  | 'engine.blind'
  | 'gap_rate'
  | 'gap_rate.over'
  | 'silence'
  | 'silence.over'
  | 'clock'
  | 'policy'
  | 'access'
  | 'store'
  | 'digest'
  | 'gap'
  | 'begun'
  | 'heartbeat'
  | 'test';

export type Severity = 'info' | 'low' | 'medium' | 'high' | 'critical';

/** What weighed in a decision, without evidence or excerpts. */
export interface OutwardFinding {
  readonly kind: string;
  readonly engine: string;
  readonly rule: string;
  readonly weight: number;
  readonly sha256: string | null;
  /** As the privacy setting lets it out, like every name here. */
  readonly trail: readonly string[];
}

export interface OutwardGap {
  readonly reason: string;
  readonly by: string;
  readonly artifacts: number;
}

/** A question to a person, as it stands when the event is sent. */
export interface OutwardReview {
  readonly id: string;
  /** Equal for reviews with the same grounds: one ticket a group. */
  readonly group: string;
  readonly state: 'open' | 'approved' | 'rejected' | 'closed';
  readonly opened_at: string;
  readonly rules: readonly string[];
}

/**
 * One thing that happened, as every sink gets it. Texts that others have chosen (names, rules, reasons, accounts) are
 * bounded and well-formed, and otherwise as they are: each encoder makes them harmless for its receiver.
 */
export interface OutwardEvent {
  /** The same at every attempt and after every crash: what receivers tell doubles by. */
  readonly id: string;
  readonly type: EventType;
  readonly severity: Severity;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** One sentence of ours; nothing in it was chosen by others. */
  readonly summary: string;
  /** Of the store that tells: several may tell the same receiver. */
  readonly instance: string;
  readonly version: string;
  /** Where the journal stands with it (ATTACKS E4): a later journal without this hash was cut or begun anew. */
  readonly journal: { readonly seq: number; readonly hash: string };
  readonly action: JournalAction | null;
  /** An account, a token's name or a service. */
  readonly who: string | null;
  /** The file in the store: what order is kept by. */
  readonly file: string | null;
  /** The item, disposition or review; of an engine its name. */
  readonly item: string | null;
  readonly path: string | null;
  readonly sha256: string | null;
  readonly size: number | null;
  readonly decision: Decision | null;
  readonly verdict: Verdict | null;
  readonly score: number | null;
  readonly provisional: boolean | null;
  readonly scan: string | null;
  readonly findings: readonly OutwardFinding[];
  /** How many there are where that is more than are listed. */
  readonly findings_total: number;
  readonly gaps: readonly OutwardGap[];
  readonly review: OutwardReview | null;
  /** For people; null where the privacy setting keeps free text back. */
  readonly detail: string | null;
  /** Of digests, gaps, heartbeats and alarms; keys are ours. */
  readonly figures: Readonly<Record<string, number | string | null>>;
}
