import { randomUUID } from 'node:crypto';
import { BackupLensError, newId, type Decision, type UnitKind } from '../../domain/index.ts';
import type { Accepted, FileQueue, Recorded, ScanRecord } from '../file-queue.ts';
import type { FileIdentity, FileState, Lane, Sighting, WatchedFile, Work } from '../watched-file.ts';
import { only, read, write, type Context, type Trx } from './context.ts';
import { change, endAtPath, rowOf, tell, UNLEASED } from './file-changes.ts';
import { fileOf, identityColumns, isSame, newRow, workOf } from './file-row.ts';
import { REJECTED } from './in-place.ts';
import { recordScan } from './record-scan.ts';
import type { FileRow } from './tables.ts';

const MAX_SIGHTINGS = 1000;
/** How long what could not be disposed of so often waits until it is tried again, in ms: each try may read all of it. */
const PENDED_FOR = [0, 0, 1, 2, 4, 8, 15, 30, 60].map((minutes) => minutes * 60_000);
/** Accepted, and still what and where it was. */
const UNDEALT: readonly FileState[] = ['waiting', 'scanning', 'decided', 'disposition_pending'];
/** By this a divided folder is known again. */
const DIVIDED = 'its files were dealt with one by one';

export class SqlFileQueue implements FileQueue {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async accept(sightings: readonly Sighting[]): Promise<Accepted> {
    if (sightings.length > MAX_SIGHTINGS) {
      throw new BackupLensError(
        'BL_INTERNAL',
        `${sightings.length} sightings at once, at most ${MAX_SIGHTINGS}`,
      );
    }
    return write(this.#context, async (trx) => {
      const accepted: WatchedFile[] = [];
      let known = 0;
      let superseded = 0;
      for (const sighting of sightings) {
        const { row, fresh, instead } = await this.#enter(trx, sighting);
        if (fresh) accepted.push(fileOf(row));
        else known++;
        if (instead) superseded++;
      }
      return { accepted, known, superseded };
    });
  }

  async take({
    lane,
    limit,
    leaseMs,
  }: {
    readonly lane: Lane;
    readonly limit: number;
    readonly leaseMs: number;
  }): Promise<readonly Work[]> {
    return write(this.#context, async (trx) => {
      await this.#reclaim(trx);
      const rows = await trx
        .selectFrom('files')
        .selectAll()
        .where('state', '=', 'waiting')
        .where('lane', '=', lane)
        .where('suspect', '=', 0)
        .orderBy('turn')
        .orderBy('id')
        .limit(limit)
        .execute();
      const work: Work[] = [];
      for (const row of rows) work.push(await this.#lease(trx, row, leaseMs));
      return work;
    });
  }

  async takeAlone(leaseMs: number): Promise<Work | null> {
    return write(this.#context, async (trx) => {
      await this.#reclaim(trx);
      const row = await trx
        .selectFrom('files')
        .selectAll()
        .where('state', '=', 'waiting')
        .where('suspect', '=', 1)
        .orderBy('id')
        .limit(1)
        .executeTakeFirst();
      if (row === undefined) return null;
      const attempts = row.attempts + 1;
      await change(trx, this.#context, row.id, { attempts });
      return this.#lease(trx, { ...row, attempts }, leaseMs);
    });
  }

  async renew(leases: readonly string[], leaseMs: number): Promise<readonly string[]> {
    return write(this.#context, async (trx) => {
      await this.#reclaim(trx);
      const lost: string[] = [];
      for (const lease of leases) {
        const { numUpdatedRows } = await trx
          .updateTable('files')
          .set({ lease_until: this.#until(leaseMs) })
          .where('lease', '=', lease)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) lost.push(lease);
      }
      return lost;
    });
  }

  async handBack(lease: string): Promise<void> {
    await this.#giveUp(lease, { suspect: 0 });
  }

  async suspect(lease: string): Promise<void> {
    await this.#giveUp(lease, { suspect: 1 });
  }

  async record(lease: string, scan: ScanRecord): Promise<Recorded> {
    return write(this.#context, async (trx) => {
      const row = await trx.selectFrom('files').selectAll().where('lease', '=', lease).executeTakeFirst();
      if (row === undefined) {
        throw new BackupLensError('BL_STORE', 'the lease under which this file was scanned has run out', {
          hint: 'it is scanned again; nothing has to be done',
        });
      }
      return recordScan(trx, this.#context, row, scan);
    });
  }

  async recordAt(sighting: Sighting, scan: ScanRecord): Promise<WatchedFile> {
    return write(this.#context, async (trx) => {
      const { row } = await this.#enter(trx, sighting);
      await recordScan(trx, this.#context, row, scan);
      return fileOf(await rowOf(trx, row.id));
    });
  }

  async decided(limit: number): Promise<readonly WatchedFile[]> {
    return this.list({ states: ['decided'], limit });
  }

  async pend(file: string, why: string, identity?: FileIdentity): Promise<void> {
    await write(this.#context, async (trx) => {
      const row = await rowOf(trx, file);
      if (row.state !== 'decided') return;
      await change(trx, this.#context, file, {
        state: 'disposition_pending',
        detail: why,
        pended: row.pended + 1,
        ...(identity === undefined ? {} : identityColumns(identity)),
      });
      // The same once more is no news: it would be told for ever.
      if (row.pended === 0 || row.detail !== why)
        await tell(trx, this.#context, row, 'disposition_pending', why);
    });
  }

  async retryPending({ due = false }: { readonly due?: boolean } = {}): Promise<number> {
    return write(this.#context, async (trx) => {
      const now = this.#context.now();
      const changed_at = now.toISOString();
      let again = 0;
      for (const [pended, ms] of PENDED_FOR.entries()) {
        const before = new Date(now.getTime() - ms).toISOString();
        const isLast = pended === PENDED_FOR.length - 1;
        let query = trx
          .updateTable('files')
          .set({ state: 'decided', changed_at })
          .where('state', '=', 'disposition_pending')
          .where('pended', isLast ? '>=' : '=', pended);
        // A clock that was put back lets nothing wait for the time that it had.
        if (due)
          query = query.where((where) =>
            where.or([where('changed_at', '<=', before), where('changed_at', '>', changed_at)]),
          );
        again += Number((await query.executeTakeFirst()).numUpdatedRows);
      }
      return again;
    });
  }

  async divide(lease: string, scan: ScanRecord): Promise<void> {
    await write(this.#context, async (trx) => {
      const row = only(
        await trx.selectFrom('files').selectAll().where('lease', '=', lease).executeTakeFirst(),
        'such lease: it has run out',
      );
      await recordScan(trx, this.#context, row, scan);
      await change(trx, this.#context, row.id, { detail: DIVIDED });
      await endAtPath(trx, this.#context, await rowOf(trx, row.id), 'superseded');
    });
  }

  async refuse(file: string, detail: string): Promise<void> {
    await write(this.#context, async (trx) => {
      const row = await rowOf(trx, file);
      if (row.state !== 'decided' || row.decision !== 'quarantine') {
        throw new BackupLensError('BL_STORE', `${file} is not rejected and waiting for its disposition`);
      }
      const why = `${REJECTED}; ${detail}`;
      await change(trx, this.#context, file, { state: 'in_place', detail: why });
      await tell(trx, this.#context, row, 'left_in_place', why);
    });
  }

  async leave(file: string, detail: string | null): Promise<void> {
    await write(this.#context, async (trx) => {
      const row = await rowOf(trx, file);
      if (row.state !== 'decided' || row.decision !== 'auto_approve') {
        throw new BackupLensError('BL_STORE', `${file} is not approved and waiting for its disposition`);
      }
      await change(trx, this.#context, file, { state: 'in_place', detail });
      await tell(trx, this.#context, row, 'left_in_place', detail);
    });
  }

  async lose(file: string, state: 'superseded' | 'gone'): Promise<void> {
    await write(this.#context, async (trx) => {
      const row = await rowOf(trx, file);
      const isReleased = row.at_path === 0 && row.state === 'decided' && row.location !== null;
      if (row.at_path === 1 || isReleased) await endAtPath(trx, this.#context, row, state);
    });
  }

  async gather(
    folder: Uint8Array,
    since: string,
  ): Promise<{ readonly gathered: number; readonly apart: number }> {
    return write(this.#context, async (trx) => {
      const within = belowFolder(trx, folder);
      const rows = await within.where('at_path', '=', 1).where('state', 'in', UNDEALT).execute();
      for (const row of rows) await endAtPath(trx, this.#context, row, 'superseded');
      const moved = await within
        .where('at_path', '=', 0)
        .where('state', 'in', ['released', 'held', 'quarantined'])
        .where('changed_at', '>=', since)
        .execute();
      return { gathered: rows.length, apart: moved.length };
    });
  }

  async provisional({
    limit,
    after,
  }: {
    readonly limit: number;
    readonly after?: string;
  }): Promise<readonly WatchedFile[]> {
    return this.list({ states: ['provisional'], limit, ...(after === undefined ? {} : { after }) });
  }

  async rescanProvisional(limit: number): Promise<number> {
    return write(this.#context, async (trx) => {
      const rows = await trx
        .selectFrom('files')
        .selectAll()
        .where('state', '=', 'provisional')
        .orderBy('id')
        .limit(limit)
        .execute();
      for (const row of rows) {
        const turn = await nextTurn(trx, 'rescan', row.share);
        await change(trx, this.#context, row.id, { state: 'waiting', lane: 'rescan', turn });
      }
      return rows.length;
    });
  }

  async get(id: string): Promise<WatchedFile | null> {
    const row = await read(this.#context, (db) =>
      db.selectFrom('files').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? null : fileOf(row);
  }

  async lastAccepted(): Promise<string | null> {
    const row = await read(this.#context, (db) =>
      db.selectFrom('files').select('accepted_at').orderBy('id', 'desc').limit(1).executeTakeFirst(),
    );
    return row?.accepted_at ?? null;
  }

  async at(path: Uint8Array): Promise<WatchedFile | null> {
    const row = await read(this.#context, (db) =>
      db.selectFrom('files').selectAll().where('path', '=', path).where('at_path', '=', 1).executeTakeFirst(),
    );
    return row === undefined ? null : fileOf(row);
  }

  async wasReleased(file: string): Promise<boolean> {
    const last = await read(this.#context, (db) =>
      db
        .selectFrom('dispositions')
        .select('kind')
        .where('file', '=', file)
        .where('state', 'in', ['done', 'closed'])
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    return last?.kind === 'release';
  }

  async there(kinds: readonly UnitKind[], limit: number): Promise<readonly WatchedFile[]> {
    const rows = await read(this.#context, (db) =>
      db
        .selectFrom('files')
        .selectAll()
        .where('at_path', '=', 1)
        .where('unit', 'in', kinds)
        .orderBy('id', 'desc')
        .limit(limit)
        .execute(),
    );
    return rows.map(fileOf);
  }

  async divided(path: Uint8Array, { dev, ino }: Pick<FileIdentity, 'dev' | 'ino'>): Promise<Decision | null> {
    const row = await read(this.#context, (db) =>
      db
        .selectFrom('files')
        .select('decision')
        .where('path', '=', path)
        .where('unit', '=', 'dropped')
        .where('dev', '=', String(dev))
        .where('ino', '=', String(ino))
        .where('detail', '=', DIVIDED)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    return row?.decision ?? null;
  }

  async list({
    states,
    limit,
    after,
  }: {
    readonly states?: readonly FileState[];
    readonly limit: number;
    readonly after?: string;
  }): Promise<readonly WatchedFile[]> {
    const rows = await read(this.#context, (db) => {
      let query = db.selectFrom('files').selectAll().orderBy('id').limit(limit);
      if (states !== undefined) query = query.where('state', 'in', states);
      if (after !== undefined) query = query.where('id', '>', after);
      return query.execute();
    });
    return rows.map(fileOf);
  }

  /** The row of a sighting: the known one, or a new one, and whether that ended another. */
  async #enter(trx: Trx, sighting: Sighting): Promise<{ row: FileRow; fresh: boolean; instead: boolean }> {
    const known = await trx
      .selectFrom('files')
      .selectAll()
      .where('path', '=', sighting.path)
      .where('at_path', '=', 1)
      .executeTakeFirst();
    if (known !== undefined && isSame(known, sighting)) return { row: known, fresh: false, instead: false };
    if (known !== undefined) await endAtPath(trx, this.#context, known, 'superseded');
    await this.#endWithin(trx, sighting);
    const now = this.#context.now();
    const turn = await nextTurn(trx, sighting.lane, sighting.share);
    const row = newRow(sighting, newId(now), turn, now.toISOString());
    await trx.insertInto('files').values(row).execute();
    return { row, fresh: true, instead: known !== undefined };
  }

  /** What lies in a unit is no file of its own any more: what was decided of it is not what is decided of all of it. */
  async #endWithin(trx: Trx, { path, unit = 'file', others = [] }: Sighting): Promise<void> {
    if (unit === 'file') return;
    const there = trx.selectFrom('files').selectAll().where('at_path', '=', 1);
    if (unit !== 'volumes') {
      const rows = await belowFolder(trx, path).where('at_path', '=', 1).execute();
      for (const row of rows) await endAtPath(trx, this.#context, row, 'superseded');
    }
    for (const other of others) {
      const row = await there.where('path', '=', other).executeTakeFirst();
      if (row !== undefined) await endAtPath(trx, this.#context, row, 'superseded');
    }
  }

  async #lease(trx: Trx, row: FileRow, leaseMs: number): Promise<Work> {
    const lease = randomUUID();
    await change(trx, this.#context, row.id, {
      state: 'scanning',
      session: this.#context.session,
      lease,
      lease_until: this.#until(leaseMs),
    });
    return workOf(row, lease);
  }

  #until(leaseMs: number): number {
    return Math.round(this.#context.monotonicMs() + leaseMs);
  }

  /** Leases that have run out: whoever held them is gone or hangs, and the file may have been the reason. */
  async #reclaim(trx: Trx): Promise<void> {
    const { session, monotonicMs, now } = this.#context;
    await trx
      .updateTable('files')
      .set({ ...UNLEASED, state: 'waiting', suspect: 1, changed_at: now().toISOString() })
      .where('state', '=', 'scanning')
      .where((where) => where.or([where('session', '!=', session), where('lease_until', '<', monotonicMs())]))
      .execute();
  }

  async #giveUp(lease: string, to: { readonly suspect: 0 | 1 }): Promise<void> {
    await write(this.#context, async (trx) => {
      const row = only(
        await trx.selectFrom('files').selectAll().where('lease', '=', lease).executeTakeFirst(),
        'such lease: it has run out',
      );
      const again = row.state === 'scanning' ? { state: 'waiting' as const, ...to } : {};
      await change(trx, this.#context, row.id, { ...UNLEASED, ...again });
    });
  }
}

/** Every row of what lies, or lay, in a folder. */
function belowFolder(trx: Trx, folder: Uint8Array) {
  const after = (end: string): Buffer => Buffer.concat([folder, Buffer.from(end)]);
  // `0` follows the slash.
  return trx.selectFrom('files').selectAll().where('path', '>', after('/')).where('path', '<', after('0'));
}

/** After the share's last, and not before what is served now: a share of one file does not wait behind 100,000. */
async function nextTurn(trx: Trx, lane: Lane, share: Uint8Array): Promise<number> {
  const waiting = trx.selectFrom('files').where('state', '=', 'waiting').where('lane', '=', lane);
  const own = await waiting
    .select((select) => select.fn.max('turn').as('turn'))
    .where('share', '=', share)
    .executeTakeFirst();
  const served = await waiting
    .select('turn')
    .where('suspect', '=', 0)
    .orderBy('turn')
    .limit(1)
    .executeTakeFirst();
  return Math.max((own?.turn ?? 0) + 1, served?.turn ?? 0);
}
