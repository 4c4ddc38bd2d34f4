import type { Kysely } from 'kysely';
import type { Trx } from './context.ts';
import type { Tables } from './tables.ts';

/**
 * `instance_id`: drawn when the store is made. `highest_seen`: the latest instant that anything happened at.
 * `release_cursor`: the last record of the journal that the release hook has been told of, or has no need to be.
 * `bundles_mark`: of the last entry of the bundles' history that the journal has.
 * `policy_sha256`: of the policy that decides. `rules`: those that find things, by number and hash. `intake`: what the last look at the watched folder found unsettled.
 * `tokens`: those that the journal has been told of. `names_key`: what names are hashed with for those outside who are not to
 * know them. `canary_ok`: when clamd last found its canary. `alarms`: which are up, so that a restart does not raise them again.
 */
export type SettingName =
  | 'instance_id'
  | 'highest_seen'
  | 'release_cursor'
  | 'bundles_mark'
  | 'policy_sha256'
  | 'rules'
  | 'intake'
  | 'tokens'
  | 'names_key'
  | 'canary_ok'
  | 'alarms';

export async function setting(db: Kysely<Tables>, name: SettingName): Promise<string | null> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst();
  return row?.value ?? null;
}

export async function put(trx: Trx, name: SettingName, value: string): Promise<void> {
  await trx
    .insertInto('settings')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/** Keeps the highest time seen. */
export async function see(trx: Trx, instant: string): Promise<void> {
  const highest = await setting(trx, 'highest_seen');
  if (highest === null || instant > highest) await put(trx, 'highest_seen', instant);
}
