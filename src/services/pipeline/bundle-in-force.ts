import { changesWhatIsInForce, journalEntriesOf, Releases } from '../../bundle/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import type { Log } from '../../observe/index.ts';
import type { Store } from '../../store/index.ts';

/** What was done with bundles while the service runs, or before it started. */
export class BundleInForce {
  readonly #releases: Releases;
  readonly #store: Store;
  readonly #log: Log;
  /** The release whose rules are in use; null: none's. */
  #used: string | null = null;

  constructor(folder: string, store: Store, log: Log) {
    this.#releases = new Releases(folder);
    this.#store = store;
    this.#log = log;
  }

  /** The rules of the release in force are in use. */
  async used(): Promise<void> {
    this.#used = await this.#current();
  }

  /** Writes what is in the bundles' history and not in the journal into that. */
  async record(): Promise<void> {
    try {
      const fresh = await this.#store.journal.appendFrom(
        'bundles',
        journalEntriesOf(await this.#releases.history()),
      );
      if (fresh > 0) this.#log.info('bundles written into the journal', { records: fresh });
    } catch (error) {
      if (!(error instanceof BackupLensError) && !isSystemError(error)) throw error;
      this.#log.error('what was done with bundles could not be written into the journal', {
        untrusted: { error },
      });
    }
  }

  /**
   * Why many fewer rules may be meant: since the present ones were read, somebody went back to another bundle, or took one in
   * spite of what spoke against it. null: nothing of that kind.
   */
  async fewerRulesWanted(): Promise<string | null> {
    const now = await this.#current();
    if (now === this.#used) return null;
    const history = await this.#releases.history();
    const last = history.findLast(changesWhatIsInForce);
    if (last === undefined || last.release !== now) return null;
    const { who, action, reason } = last;
    if (action === 'rollback')
      return `${who} went back to ${now ?? 'no bundle'}${reason === null ? '' : `: ${reason}`}`;
    return reason === null ? null : `${who} took ${now} all the same: ${reason}`;
  }

  async #current(): Promise<string | null> {
    try {
      return (await this.#releases.current())?.name ?? null;
    } catch (error) {
      if (!(error instanceof BackupLensError)) throw error;
      this.#log.error('the bundle in force cannot be read', { untrusted: { error } });
      return null;
    }
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}
