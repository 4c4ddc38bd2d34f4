import type { JournalRecord } from '../domain/index.ts';

/** What the service watches for by itself. */
export type AlarmName = 'clamav' | 'yara' | 'silence' | 'gap_rate';

/** How each alarm was told last: the action of its record. One that is missing was never told. */
export type AlarmsUp = Readonly<Partial<Record<AlarmName, JournalRecord['action'] | undefined>>>;

/** What was told of engines, silence and gaps, so that a change is told once, and a restart does not tell it again. */
export interface Alarms {
  up(): Promise<AlarmsUp>;
  /** Writes a change down, with the journal. */
  tell(
    name: AlarmName,
    told: { readonly action: JournalRecord['action']; readonly item: string | null; readonly detail: string },
  ): Promise<void>;
  /** clamd has just found its canary. */
  canaryOk(at: string): Promise<void>;
}
