import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { BegunSet, Lingering, Unrest, UnsettledList } from '../unsettled-list.ts';
import { read, write, type Context } from './context.ts';
import { put, setting } from './settings.ts';
import type { Tables } from './tables.ts';

const stored = z.object({
  files: z.int().nonnegative(),
  oldest_at: z.string().nullable(),
  // Older versions did not know of them.
  begun_sets: z.int().nonnegative().default(0),
  begun: z.array(z.object({ path: z.base64(), kind: z.string(), met_at: z.string() })).default([]),
});

export class SqlUnsettledList implements UnsettledList {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async replace({ begun, ...sums }: Unrest, lingering: readonly Lingering[]): Promise<void> {
    await write(this.#context, async (trx) => {
      const named = begun.map((one) => ({ ...one, path: Buffer.from(one.path).toString('base64') }));
      await put(trx, 'intake', JSON.stringify({ ...sums, begun: named }));
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

  async begun(): Promise<readonly BegunSet[]> {
    return (await read(this.#context, async (db) => unrestOf(db))).begun;
  }
}

export async function unrestOf(db: Kysely<Tables>): Promise<Unrest> {
  const kept = await setting(db, 'intake');
  if (kept === null) return { files: 0, oldest_at: null, begun_sets: 0, begun: [] };
  const { begun, ...sums } = stored.parse(JSON.parse(kept));
  return { ...sums, begun: begun.map((one) => ({ ...one, path: Buffer.from(one.path, 'base64') })) };
}
