import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Lingering, Unrest, UnsettledList } from '../unsettled-list.ts';
import { read, write, type Context } from './context.ts';
import { put, setting } from './settings.ts';
import type { Tables } from './tables.ts';

const stored = z.object({ files: z.int().nonnegative(), oldest_at: z.string().nullable() });

export class SqlUnsettledList implements UnsettledList {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async replace({ files, oldest_at }: Unrest, lingering: readonly Lingering[]): Promise<void> {
    await write(this.#context, async (trx) => {
      await put(trx, 'intake', JSON.stringify({ files, oldest_at }));
      await trx.deleteFrom('unsettled').execute();
      for (const { path, met_at } of lingering)
        await trx
          .insertInto('unsettled')
          .values({ path, met_at })
          .onConflict((conflict) => conflict.column('path').doNothing())
          .execute();
    });
  }

  async list(): Promise<readonly Lingering[]> {
    return read(this.#context, (db) => db.selectFrom('unsettled').selectAll().orderBy('met_at').execute());
  }
}

export async function unrestOf(db: Kysely<Tables>): Promise<Unrest> {
  const kept = await setting(db, 'intake');
  return kept === null ? { files: 0, oldest_at: null } : stored.parse(JSON.parse(kept));
}
