import type { JournalAction } from '../../domain/index.ts';
import type { CallOutcome, ReleaseCall, ReleaseCalls } from '../release-calls.ts';
import { read, write, type Context, type Trx } from './context.ts';
import { tell } from './file-changes.ts';
import { append } from './journal.ts';
import { put, setting } from './settings.ts';

/** A detail is a line for people. */
const MAX_DETAIL_CHARACTERS = 500;

export class SqlReleaseCalls implements ReleaseCalls {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async cursor(): Promise<number | null> {
    const kept = await read(this.#context, (db) => setting(db, 'release_cursor'));
    return kept === null ? null : Number(kept);
  }

  async moveOn(seq: number): Promise<void> {
    await write(this.#context, (trx) => moveOn(trx, seq));
  }

  async record(call: Omit<ReleaseCall, 'attempts'>, outcome: CallOutcome): Promise<void> {
    await write(this.#context, async (trx) => {
      const { event, seq, file } = call;
      const known = await trx
        .selectFrom('release_calls')
        .select(['attempts', 'first_at'])
        .where('event', '=', event)
        .executeTakeFirst();
      const attempts = (known?.attempts ?? 0) + 1;
      await trx.deleteFrom('release_calls').where('event', '=', event).execute();
      if (!outcome.ok) {
        await trx
          .insertInto('release_calls')
          .values({
            event,
            seq,
            file,
            state: outcome.again_at === null ? 'failed' : 'waiting',
            attempts,
            first_at: known?.first_at ?? this.#context.now().toISOString(),
            next_at: outcome.again_at,
            detail: outcome.detail.slice(0, MAX_DETAIL_CHARACTERS),
          })
          .execute();
      }
      await this.#tell(trx, file, event, actionOf(outcome), wordsFor(outcome, attempts));
      await moveOn(trx, seq);
    });
  }

  async due({ now, latest, limit }: Parameters<ReleaseCalls['due']>[0]): Promise<readonly ReleaseCall[]> {
    return read(this.#context, (db) =>
      db
        .selectFrom('release_calls')
        .select(['event', 'seq', 'file', 'attempts'])
        .where('state', '=', 'waiting')
        .where((where) => where.or([where('next_at', '<=', now), where('next_at', '>', latest)]))
        .orderBy('next_at')
        .limit(limit)
        .execute(),
    );
  }

  async tryAgain(): Promise<number> {
    return write(this.#context, async (trx) => {
      const { numUpdatedRows } = await trx
        .updateTable('release_calls')
        .set({ state: 'waiting', attempts: 0, next_at: this.#context.now().toISOString() })
        .where('state', '=', 'failed')
        .executeTakeFirst();
      return Number(numUpdatedRows);
    });
  }

  async drop(event: string, why: string): Promise<void> {
    await write(this.#context, (trx) => this.#drop(trx, event, why));
  }

  async dropAll(why: string): Promise<number> {
    return write(this.#context, async (trx) => {
      const all = await trx.selectFrom('release_calls').select('event').orderBy('seq').execute();
      for (const { event } of all) await this.#drop(trx, event, why);
      return all.length;
    });
  }

  async #drop(trx: Trx, event: string, why: string): Promise<void> {
    const call = await trx
      .selectFrom('release_calls')
      .select('file')
      .where('event', '=', event)
      .executeTakeFirst();
    if (call === undefined) return;
    await trx.deleteFrom('release_calls').where('event', '=', event).execute();
    await this.#tell(trx, call.file, event, 'hook_given_up', why);
  }

  async #tell(trx: Trx, file: string, event: string, action: JournalAction, detail: string): Promise<void> {
    const row = await trx.selectFrom('files').selectAll().where('id', '=', file).executeTakeFirst();
    const words = `event ${event}: ${detail}`;
    if (row !== undefined) {
      await tell(trx, this.#context, row, action, words);
      return;
    }
    // Retention has taken its row; that it is told of no more still has to be said.
    const nothing = { item: null, path: null, sha256: null, decision: null, verdict: null };
    const { now, who } = this.#context;
    await append(trx, { action, time: now().toISOString(), who, file, ...nothing, detail: words });
  }
}

function actionOf(outcome: CallOutcome): JournalAction {
  if (outcome.ok) return 'hook_told';
  return outcome.again_at === null ? 'hook_given_up' : 'hook_failed';
}

function wordsFor(outcome: CallOutcome, attempts: number): string {
  const attempt = attempts === 1 ? '' : `, attempt ${attempts}`;
  if (outcome.ok) return `${outcome.detail}${attempt}`;
  return outcome.again_at === null
    ? `${outcome.detail}; given up after ${attempts} attempts`
    : `${outcome.detail}${attempt}; again at ${outcome.again_at}`;
}

async function moveOn(trx: Trx, seq: number): Promise<void> {
  const kept = Number((await setting(trx, 'release_cursor')) ?? -1);
  if (seq > kept) await put(trx, 'release_cursor', String(seq));
}
