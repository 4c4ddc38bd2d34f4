import type { Kysely, Transaction } from 'kysely';
import { BackupLensError } from '../../domain/index.ts';
import type { Tables } from './tables.ts';

export type Trx = Transaction<Tables>;

/** What is common to all parts of one open store. */
export interface Context {
  readonly db: Kysely<Tables>;
  /** For the journal, where nobody else is named. */
  readonly who: string;
  /** Of this process; leases of other sessions have ended. */
  readonly session: string;
  readonly now: () => Date;
  /** Milliseconds; never jumps. */
  readonly monotonicMs: () => number;
  /** A fault of the database in our words, with the next step. */
  readonly faultOf: (error: unknown) => BackupLensError;
}

/** Runs `work` in one transaction, durable once this resolves; what the database throws becomes BL_STORE. */
export async function write<T>({ db, faultOf }: Context, work: (trx: Trx) => Promise<T>): Promise<T> {
  return guarded(faultOf, () => db.transaction().execute(work));
}

/** Runs a query; what the database throws becomes BL_STORE. */
export async function read<T>(
  { db, faultOf }: Context,
  work: (db: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  return guarded(faultOf, () => work(db));
}

async function guarded<T>(faultOf: Context['faultOf'], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackupLensError) throw error;
    throw faultOf(error);
  }
}

/** The one row of a query that must have one. */
export function only<T>(row: T | undefined, what: string): T {
  if (row === undefined) throw new BackupLensError('BL_STORE', `there is no ${what}`);
  return row;
}
