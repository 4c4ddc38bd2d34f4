import type { Decision, JournalAction } from '../domain/index.ts';
import type { EventType, Severity } from './event.ts';

/** How a record of the journal is told outside. */
export interface Telling {
  readonly type: EventType;
  readonly severity: Severity;
  readonly summary: string;
  /** Told one by one, however much happens at once. */
  readonly always: boolean;
  /** Its detail is made of our own words and figures, and holds no name. */
  readonly plain: boolean;
}

const one = (type: EventType, severity: Severity, summary: string): Telling => ({
  type,
  severity,
  summary,
  always: false,
  plain: false,
});
const always = (type: EventType, severity: Severity, summary: string): Telling => ({
  ...one(type, severity, summary),
  always: true,
  plain: true,
});
/** Why it was refused quotes what somebody else wrote. */
const refused = (summary: string): Telling => ({ ...always('policy', 'high', summary), plain: false });

/** What nobody outside needs: our own housekeeping, and what the release hook's receiver knows itself. */
const NOBODY = null;

const TELLINGS: Readonly<Record<JournalAction, Telling | null>> = {
  decided: one('decision', 'info', 'A file was decided'),
  quarantined: one('quarantine', 'high', 'A file was taken into quarantine'),
  held: one('hold.opened', 'medium', 'A file is held until a person decides'),
  released: one('release', 'info', 'An approved file was released'),
  left_in_place: one('release', 'info', 'A file stays where it is, as decided'),
  restored: one('restore', 'medium', 'A file was restored from quarantine'),
  deleted: one('delete', 'medium', 'A file was deleted from quarantine'),
  put_back: one('file.pending', 'low', 'A file was put back to where it was'),
  disposition_pending: one('file.pending', 'medium', 'A file could not be moved as decided yet'),
  superseded: one('file.ended', 'info', 'Another file stands in the place of this one'),
  vanished: one('file.ended', 'low', 'A file is no longer at its place'),
  approved: one('hold.decided', 'info', 'A person approved a held file'),
  rejected: one('hold.decided', 'medium', 'A person rejected a held file'),
  escalated: { ...one('hold.escalated', 'high', 'Reviews have waited too long'), always: true },
  uploaded: one('file.uploaded', 'info', 'A file was uploaded'),
  waived: NOBODY,
  remembered: NOBODY,
  forgotten: one('policy', 'medium', 'A remembered approval was taken back'),
  token_made: one('access', 'medium', 'A token for the service was made'),
  token_revoked: one('access', 'medium', 'A token for the service was revoked'),
  mass_encryption: {
    ...always('attack', 'critical', 'Files of one folder were encrypted together'),
    plain: false,
  },
  store_made: always('store', 'info', 'A store was made'),
  store_migrated: always('store', 'info', 'The store was brought to a new schema'),
  store_rebuilt: always('store', 'high', 'The store was made anew from what is on disk'),
  store_restored: { ...always('store', 'high', 'A backup of the store was brought back'), plain: false },
  reports_removed: NOBODY,
  clock_jumped: always('clock', 'medium', 'The clock jumped'),
  policy_taken: always('policy', 'medium', 'Another policy is in force'),
  policy_refused: refused('What decides was read again and refused: what was in force stays so'),
  rules_taken: always('policy', 'medium', 'Other rules are in force'),
  rules_fewer: always('policy', 'high', 'Many fewer rules are in force than before'),
  rules_refused: refused('Rules were read again and refused: those before stay in force'),
  lists_refused: refused('Lists of hashes or names were read again and refused: those before stay in force'),
  judged_again: one('decision', 'info', 'A file was judged again by another policy'),
  hook_told: NOBODY,
  hook_failed: NOBODY,
  hook_given_up: one('hook.given_up', 'high', 'The release hook was given up for a file'),
  bundle_taken: one('policy', 'medium', 'A bundle was imported'),
  bundle_refused: one('policy', 'high', 'A bundle was refused'),
  bundle_rolled_back: one('policy', 'medium', 'A bundle was rolled back'),
  bundle_key_trusted: one('policy', 'high', 'Another key for bundles is trusted'),
  bundle_key_revoked: one('policy', 'high', 'A key for bundles was revoked'),
  engine_up: always('engine.up', 'info', 'An engine answers again'),
  engine_down: always('engine.down', 'high', 'An engine is away'),
  engine_blind: always('engine.blind', 'critical', 'An engine answers, and is not proven to find anything'),
  gap_rate: always('gap_rate', 'high', 'Many files were not examined in full'),
  gap_rate_over: always('gap_rate.over', 'info', 'Files are examined in full again'),
  silence: always('silence', 'high', 'No new file came for too long'),
  silence_over: always('silence.over', 'info', 'A new file came'),
};

const OF_DECISION: Readonly<Record<Decision, Severity>> = {
  auto_approve: 'info',
  manual_review: 'medium',
  quarantine: 'high',
};

/** Null: nobody outside is told. */
export function tellingOf(action: JournalAction, decision: Decision | null): Telling | null {
  const telling = TELLINGS[action];
  if (telling?.type !== 'decision' || decision === null) return telling;
  return { ...telling, severity: OF_DECISION[decision] };
}
