import type { UpdateObject } from 'kysely';
import type { JournalAction } from '../../domain/index.ts';
import { only, type Context, type Trx } from './context.ts';
import { append } from './journal.ts';
import type { FileRow, Tables } from './tables.ts';

/** A change of one file's row; whoever calls has read it in the same transaction. */
export async function change(
  trx: Trx,
  { now }: Context,
  id: string,
  to: UpdateObject<Tables, 'files'>,
): Promise<void> {
  await trx
    .updateTable('files')
    .set({ ...to, changed_at: now().toISOString() })
    .where('id', '=', id)
    .execute();
}

export async function rowOf(trx: Trx, id: string): Promise<FileRow> {
  const row = await trx.selectFrom('files').selectAll().where('id', '=', id).executeTakeFirst();
  return only(row, `file ${id} in the store`);
}

/** What the lease ends with, whatever came of it. */
export const UNLEASED = { session: null, lease: null, lease_until: null } as const;

/** The file is no longer at its path: something else is, or nothing. What waited for an answer is over. */
export async function endAtPath(
  trx: Trx,
  context: Context,
  row: FileRow,
  state: 'superseded' | 'gone',
): Promise<void> {
  await change(trx, context, row.id, { state, at_path: 0, provisional_since: null });
  if (row.scan !== null) await trx.deleteFrom('scan_bases').where('scan', '=', row.scan).execute();
  await trx
    .updateTable('reviews')
    .set({ state: 'closed' })
    .where('file', '=', row.id)
    .where('state', '=', 'open')
    .execute();
  await tell(trx, context, row, state === 'gone' ? 'vanished' : 'superseded', null);
}

/** A record about a file as it stands in its row. */
export async function tell(
  trx: Trx,
  { now, who }: Context,
  row: FileRow,
  action: JournalAction,
  detail: string | null,
): Promise<void> {
  const { id: file, path, sha256, decision, verdict } = row;
  await append(trx, {
    action,
    time: now().toISOString(),
    who,
    file,
    item: null,
    path,
    sha256,
    decision,
    verdict,
    detail,
  });
}
