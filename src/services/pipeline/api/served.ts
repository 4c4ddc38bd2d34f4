import type { SinkStanding, Store } from '../../../store/index.ts';
import type { Managed } from '../../../dispose/index.ts';
import type { CarriesOut } from '../../../pipeline/reviews/index.ts';
import type { UploadIntake } from '../upload-intake.ts';

/** What the routes see of the service: they read the store, and call verbs. */
export interface Served {
  readonly version: string;
  readonly store: Store;
  /** Carries out what was decided, together with everything else that is. */
  readonly carriesOut: CarriesOut;
  /** Much was decided at once: it is carried out as soon as may be. */
  decidedMany(): void;
  readonly uploads: UploadIntake;
  readonly maxUploadBytes: number;
  /** null: files may be restored everywhere. */
  readonly restoreRoots: readonly string[] | null;
  /** Where nothing is restored to. */
  readonly managed: Managed;
  ready(): Promise<Readiness>;
  metrics(): Promise<string>;
}

export interface Readiness {
  readonly ready: boolean;
  readonly store: string;
  readonly engines: Readonly<Record<string, { readonly status: string; readonly detail: string | null }>>;
  readonly intake: 'starting' | 'watching' | 'paused' | 'away' | 'stopping';
  /** Who is told of events, and how it stands with that. None of it makes the service less ready. */
  readonly sinks: Readonly<
    Record<
      string,
      {
        readonly state: SinkStanding['state'];
        readonly lag: number;
        readonly waiting_since: string | null;
        readonly failures: number;
        readonly detail: string | null;
      }
    >
  >;
}
