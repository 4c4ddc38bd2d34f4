import type { Gate, GateAnswer } from '../review-list.ts';
import type { FileState } from '../watched-file.ts';
import { read, type Context } from './context.ts';
import type { FileRow } from './tables.ts';

/** Why a file in that state does not stand approved; an empty text where the decision alone says it. */
const NOT_YET: Readonly<Record<FileState, string>> = {
  waiting: 'it waits to be scanned',
  scanning: 'it is being scanned',
  decided: 'it is decided, and not yet dealt with',
  disposition_pending: 'it is decided, and could not yet be dealt with',
  held: 'it is held for review',
  quarantined: 'it is in quarantine',
  released: '',
  in_place: '',
  provisional: 'its approval is provisional: an engine was away',
  superseded: 'something else stood in its place later',
  gone: 'it was gone later',
  restored: 'it was restored from quarantine, and not approved',
  deleted: 'it was deleted',
};

const UNKNOWN: GateAnswer = {
  approved: false,
  because: 'nothing like it was ever examined',
  file: null,
  scan: null,
  decision: null,
  decided_at: null,
};

export class SqlGate implements Gate {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async at(path: Uint8Array, sha256: string): Promise<GateAnswer> {
    const row = await read(this.#context, (db) =>
      db
        .selectFrom('files')
        .selectAll()
        .where((where) =>
          where.or([
            where.and([where('path', '=', path), where('at_path', '=', 1)]),
            where.and([where('location', '=', path), where('state', 'in', ['released', 'restored'])]),
          ]),
        )
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    if (row === undefined) return { ...UNKNOWN, because: 'no file at this place was ever examined' };
    if (row.sha256 === null) return answer(row, false, NOT_YET[row.state] || 'it was not read to its end');
    if (row.sha256 !== sha256) return answer(row, false, 'its bytes are not those that were scanned');
    const why = NOT_YET[row.state];
    if (why !== '') return answer(row, false, why);
    return row.decision === 'auto_approve'
      ? answer(row, true, 'these bytes were scanned at this place, and approved')
      : answer(row, false, row.detail ?? `what was decided is ${row.decision}`);
  }

  async anywhere(sha256: string): Promise<GateAnswer> {
    const row = await read(this.#context, (db) =>
      db
        .selectFrom('files')
        .selectAll()
        .where('sha256', '=', sha256)
        .where('decision', 'is not', null)
        .orderBy('changed_at', 'desc')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    if (row === undefined) return UNKNOWN;
    if (row.decision !== 'auto_approve')
      return answer(row, false, `what was decided last is ${row.decision}`);
    // Moved or overwritten since, what was approved is still what was approved.
    const isSettled = ['in_place', 'released', 'superseded', 'gone'].includes(row.state);
    return isSettled
      ? answer(row, true, 'these bytes were scanned and approved, at another place')
      : answer(row, false, NOT_YET[row.state]);
  }
}

function answer(row: FileRow, approved: boolean, because: string): GateAnswer {
  const { id: file, scan, decision, changed_at: at } = row;
  return { approved, because, file, scan, decision, decided_at: at };
}
