import { setTimeout as sleep } from 'node:timers/promises';
import { assertHook, runHook, type Hook } from '../../dispose/index.ts';
import type { JournalRecord } from '../../domain/index.ts';
import type { Log } from '../../observe/index.ts';
import type { ReleaseCall, Store } from '../../store/index.ts';
import { shown } from './examination.ts';
import type { ServiceSettings } from './settings.ts';

export interface ReleaseHookOptions {
  readonly hook: Hook;
  readonly store: Store;
  readonly log: Log;
  /** How often it is run for one file before somebody has to see to it. */
  readonly attempts: number;
  /** Between the first two attempts, in ms; then four times as long every time, up to six hours. */
  readonly pause_ms: number;
}

const POLL_MS = 1000;
const PAGE = 100;
/** What failed before does not keep new approvals waiting: so many of it between two looks at the journal. */
const RETRIES = 4;
const FACTOR = 4;
const MAX_PAUSE_MS = 6 * 3_600_000;

/**
 * Tells a program of every approval, in the journal's order and at least once: what was under way in a crash is told again,
 * with the same event id (ATTACKS B12). What fails is told again later; given up, it is shown by `status` until the
 * service is started again. A provisional approval has no record until it is confirmed.
 */
export class ReleaseHook {
  readonly #options: ReleaseHookOptions;
  #cursor: number;

  private constructor(options: ReleaseHookOptions, cursor: number) {
    this.#options = options;
    this.#cursor = cursor;
  }

  /** Begins with what comes from now on, where there was no hook before. Throws BL_CONFIG for one that cannot be run. */
  static async open(options: ReleaseHookOptions): Promise<ReleaseHook> {
    const { hook, store, log } = options;
    await assertHook(hook);
    const again = await store.releases.tryAgain();
    if (again > 0) log.info('the release hook is tried again for what was given up', { files: again });
    const cursor = (await store.releases.cursor()) ?? (await store.journal.head()).seq;
    await store.releases.moveOn(cursor);
    return new ReleaseHook(options, cursor);
  }

  /** Until the signal is aborted; what is told just then comes to its end. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const more = await this.#takeUp(signal);
        await this.#retry(signal);
        if (more) continue;
      } catch (error) {
        this.#options.log.error('the release hook cannot go on', { untrusted: { error } });
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** True when there is more in the journal. */
  async #takeUp(signal: AbortSignal): Promise<boolean> {
    const { store } = this.#options;
    const records = await store.journal.read({ after: this.#cursor, limit: PAGE });
    let told = 0;
    for (const record of records) {
      if (signal.aborted) break;
      if (['released', 'left_in_place'].includes(record.action)) {
        await this.#tell(callOf(record));
        told++;
      }
      this.#cursor = record.seq;
      if (told >= RETRIES) break;
    }
    if (records.length > 0) await store.releases.moveOn(this.#cursor);
    return told >= RETRIES || records.length === PAGE;
  }

  async #retry(signal: AbortSignal): Promise<void> {
    const { store } = this.#options;
    const now = Date.now();
    const due = await store.releases.due({
      now: new Date(now).toISOString(),
      latest: new Date(now + MAX_PAUSE_MS).toISOString(),
      limit: RETRIES,
    });
    for (const call of due) if (!signal.aborted) await this.#tell(call);
  }

  async #tell(call: ReleaseCall): Promise<void> {
    const { store, log, hook } = this.#options;
    const file = await store.files.get(call.file);
    // What was replaced or taken since is not what was approved.
    if (file === null || !['released', 'in_place'].includes(file.state) || file.decision !== 'auto_approve') {
      await store.releases.drop(call.event, 'it does not stand approved any more');
      return;
    }
    const path = Buffer.from(file.location ?? file.path);
    const { sha256 } = file;
    const event = { path, sha256: sha256 ?? '', decision: 'auto_approve', eventId: call.event };
    const { ok, detail } = await runHook(hook, event);
    const facts = {
      file: file.id,
      event: call.event,
      attempt: call.attempts + 1,
      untrusted: { path: shown(path), detail },
    };
    if (ok) {
      await store.releases.record(call, { ok, detail });
      log.info('release hook told', facts);
      return;
    }
    const again_at = this.#againAt(call.attempts + 1);
    await store.releases.record(call, { ok, detail, again_at });
    if (again_at === null) log.error('the release hook was given up for a file', facts);
    else log.warn('the release hook failed, and is tried again', { ...facts, again_at });
  }

  #againAt(attempts: number): string | null {
    const { attempts: most, pause_ms: pause } = this.#options;
    if (attempts >= most) return null;
    return new Date(Date.now() + Math.min(MAX_PAUSE_MS, pause * FACTOR ** (attempts - 1))).toISOString();
  }
}

/** Where a hook finds the usual programs; nothing else of our environment reaches it (ATTACKS C13). */
const HOOK_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function callOf({ hash, seq, file }: JournalRecord): ReleaseCall {
  return { event: hash, seq, file: file ?? '', attempts: 0 };
}

/** The hook of the settings; null: there is none, and nobody is told of what an earlier one had failed at. Throws BL_CONFIG. */
export async function hookOf(
  { config }: ServiceSettings,
  store: Store,
  log: Log,
): Promise<ReleaseHook | null> {
  const program = config.releaseHook.value;
  if (program === null) {
    const dropped = await store.releases.dropAll('RELEASE_HOOK is not set any more');
    if (dropped > 0)
      log.warn('nobody is told of approvals that a release hook had failed at', { files: dropped });
    return null;
  }
  return ReleaseHook.open({
    hook: { program, environment: { PATH: HOOK_PATH }, deadlineMs: config.releaseHookWithin.value },
    store,
    log,
    attempts: config.releaseHookAttempts.value,
    pause_ms: config.releaseHookRetryAfter.value,
  });
}
