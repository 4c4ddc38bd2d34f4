import { randomBytes } from 'node:crypto';
import type { EventSinks, SinkStanding } from '../event-sinks.ts';
import { only, read, write, type Context } from './context.ts';
import { BEGINNING } from './journal.ts';
import { put, setting } from './settings.ts';

/** A detail is a line for people. */
const MAX_DETAIL_CHARACTERS = 500;

export class SqlEventSinks implements EventSinks {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async list(): Promise<readonly SinkStanding[]> {
    return read(this.#context, (db) => db.selectFrom('event_sinks').selectAll().orderBy('name').execute());
  }

  async open(name: string): Promise<SinkStanding> {
    return write(this.#context, async (trx) => {
      const last = await trx
        .selectFrom('journal')
        .select(['seq', 'hash'])
        .orderBy('seq', 'desc')
        .limit(1)
        .executeTakeFirst();
      await trx
        .insertInto('event_sinks')
        .values({
          name,
          seq: last?.seq ?? 0,
          hash: last?.hash ?? BEGINNING,
          minute: '',
          in_minute: 0,
          state: 'new',
          failures: 0,
          delivered: 0,
          set_aside: 0,
          last_success_at: null,
          last_failure_at: null,
          waiting_since: null,
          detail: null,
        })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute();
      const row = await trx.selectFrom('event_sinks').selectAll().where('name', '=', name).executeTakeFirst();
      return only(row, `sink ${name}`);
    });
  }

  async save({ name, ...standing }: SinkStanding): Promise<void> {
    const detail = standing.detail?.slice(0, MAX_DETAIL_CHARACTERS) ?? null;
    await write(this.#context, (trx) =>
      trx
        .updateTable('event_sinks')
        .set({ ...standing, detail })
        .where('name', '=', name)
        .execute(),
    );
  }

  async turnOff(names: readonly string[]): Promise<void> {
    await write(this.#context, async (trx) => {
      let query = trx.updateTable('event_sinks').set({ state: 'off' });
      if (names.length > 0) query = query.where('name', 'not in', names);
      await query.execute();
    });
  }

  async namesKey(): Promise<string> {
    return write(this.#context, async (trx) => {
      const kept = await setting(trx, 'names_key');
      if (kept !== null) return kept;
      const drawn = randomBytes(32).toString('base64');
      await put(trx, 'names_key', drawn);
      return drawn;
    });
  }
}
