import { z } from 'zod';
import type { AttackList, KnownAttack } from '../attack-list.ts';
import { read, write, type Context } from './context.ts';
import { append } from './journal.ts';

const stored = z.object({
  rule: z.string(),
  detail: z.string(),
  evidence: z.record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.union([z.string(), z.number()]))]),
  ),
});
/** What was over for so long is in the journal alone, in ms. */
const KEPT_MS = 30 * 86_400_000;

export class SqlAttackList implements AttackList {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async note({ path, until, mass }: Omit<KnownAttack, 'since'>): Promise<void> {
    const { now, who } = this.#context;
    const time = now().toISOString();
    await write(this.#context, async (trx) => {
      const known = await trx.selectFrom('attacks').selectAll().where('path', '=', path).executeTakeFirst();
      const lasts = known !== undefined && known.until_at > time;
      const row = { until_at: until, mass: JSON.stringify(mass), since: lasts ? known.since : time };
      await trx
        .insertInto('attacks')
        .values({ path, ...row })
        .onConflict((conflict) => conflict.column('path').doUpdateSet(row))
        .execute();
      if (lasts) return;
      const old = new Date(now().getTime() - KEPT_MS).toISOString();
      await trx.deleteFrom('attacks').where('until_at', '<', old).execute();
      const nothing = { file: null, item: null, sha256: null, verdict: null, decision: null };
      await append(trx, { ...nothing, action: 'mass_encryption', time, who, path, detail: mass.detail });
    });
  }

  async lasting(limit: number): Promise<readonly KnownAttack[]> {
    const rows = await read(this.#context, (db) =>
      db
        .selectFrom('attacks')
        .selectAll()
        .where('until_at', '>', this.#context.now().toISOString())
        .orderBy('since', 'desc')
        .limit(limit)
        .execute(),
    );
    return rows.map(({ path, since, until_at: until, mass }) => ({
      path,
      since,
      until,
      mass: stored.parse(JSON.parse(mass)),
    }));
  }
}
