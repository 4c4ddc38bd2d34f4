/** How far one receiver of events has come, and how it stands. The events themselves are the journal's records. */
export interface SinkStanding {
  readonly name: string;
  /** The last record that it needs nothing of any more, and its hash: a journal that was changed since shows. */
  readonly seq: number;
  readonly hash: string;
  /** Of that record, to the minute, and how many of the same minute were told one by one: what a digest begins by. */
  readonly minute: string;
  readonly in_minute: number;
  /** `refused`: the receiver takes nothing more of us. `off`: it is not set any more; the cursor stays. */
  readonly state: 'new' | 'ok' | 'failing' | 'refused' | 'off';
  /** In a row. */
  readonly failures: number;
  /** Events that have arrived, and those that the receiver would never take. */
  readonly delivered: number;
  readonly set_aside: number;
  readonly last_success_at: string | null;
  readonly last_failure_at: string | null;
  /** When the oldest that has not arrived happened; null: nothing waits. */
  readonly waiting_since: string | null;
  /** Of the last failure, for people. */
  readonly detail: string | null;
}

/** The receivers of events, and their cursors. */
export interface EventSinks {
  /** Every one that there ever was, by name. */
  list(): Promise<readonly SinkStanding[]>;
  /** One that is new begins at the journal's end. */
  open(name: string): Promise<SinkStanding>;
  save(standing: SinkStanding): Promise<void>;
  /** Those that are not among `names` are off. */
  turnOff(names: readonly string[]): Promise<void>;
  /** Random, drawn once: what names are hashed with for whoever is not to know them. Base64. */
  namesKey(): Promise<string>;
}
