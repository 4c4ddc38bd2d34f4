import { createHash } from 'node:crypto';
import { asciiJson, nameFromBytes } from '../../bytes/index.ts';
import { JOURNAL_ACTIONS, type JournalEntry, type JournalRecord } from '../../domain/index.ts';
import { z } from 'zod';
import type { Journal, JournalCheck, JournalPlace, MarkedEntry } from '../journal.ts';
import { read, write, type Context, type Trx } from './context.ts';
import { put, see, setting } from './settings.ts';

/** `prev` of the first record. */
export const BEGINNING = '0'.repeat(64);
/** A line of the journal, not an essay. */
const MAX_DETAIL_CHARACTERS = 1000;
const MAX_WHO_CHARACTERS = 200;
/** PATH_MAX, twice: what is longer is no path of any file. */
const MAX_PATH_BYTES = 8192;
/** A path of PATH_MAX bytes in base64, the same for people, and a detail take a third of it. */
const MAX_LINE_BYTES = 64 * 1024;
const PAGE = 1000;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const record = z.strictObject({
  seq: z.int().positive(),
  prev: hash,
  time: z.iso.datetime(),
  who: z.string(),
  action: z.enum(JOURNAL_ACTIONS),
  file: z.string().nullable(),
  item: z.string().nullable(),
  /** For people; the bytes decide. */
  path: z.string().nullable(),
  path_base64: z.base64().nullable(),
  sha256: z.string().nullable(),
  decision: z.enum(['auto_approve', 'manual_review', 'quarantine']).nullable(),
  verdict: z.enum(['benign', 'unknown', 'suspicious', 'malicious']).nullable(),
  detail: z.string().nullable(),
});

/** Appends in the transaction that does what the record tells. */
export async function append(trx: Trx, entry: JournalEntry): Promise<JournalRecord> {
  const last = await trx
    .selectFrom('journal')
    .select(['seq', 'hash'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const seq = (last?.seq ?? 0) + 1;
  const prev = last?.hash ?? BEGINNING;
  const { time, action, file, item, sha256, decision, verdict } = entry;
  const who = entry.who.slice(0, MAX_WHO_CHARACTERS);
  const path = entry.path?.subarray(0, MAX_PATH_BYTES) ?? null;
  const detail = entry.detail?.slice(0, MAX_DETAIL_CHARACTERS) ?? null;
  const line = asciiJson({
    seq,
    prev,
    time,
    who,
    action,
    file,
    item,
    path: path === null ? null : nameFromBytes(path),
    path_base64: path === null ? null : Buffer.from(path).toString('base64'),
    sha256,
    decision,
    verdict,
    detail,
  } satisfies z.infer<typeof record>);
  await trx
    .insertInto('journal')
    .values({ seq, hash: sha256Of(line), line })
    .execute();
  await see(trx, time);
  return { ...entry, who, path, detail, seq, prev, hash: sha256Of(line), line };
}

export class SqlJournal implements Journal {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async append(entry: JournalEntry): Promise<JournalRecord> {
    return write(this.#context, (trx) => append(trx, entry));
  }

  async appendFrom(source: 'bundles', entries: readonly MarkedEntry[]): Promise<number> {
    return write(this.#context, async (trx) => {
      const name = `${source}_mark` as const;
      const last = await setting(trx, name);
      const fresh = entries.slice(entries.findLastIndex(({ mark }) => mark === last) + 1);
      for (const { entry } of fresh) await append(trx, entry);
      const mark = fresh.at(-1)?.mark;
      if (mark !== undefined) await put(trx, name, mark);
      return fresh.length;
    });
  }

  async head(): Promise<{ readonly seq: number; readonly hash: string }> {
    const last = await read(this.#context, (db) =>
      db.selectFrom('journal').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst(),
    );
    return last ?? { seq: 0, hash: BEGINNING };
  }

  async read({ after, limit }: { readonly after: number; readonly limit: number }): Promise<JournalRecord[]> {
    return (await this.#page(after, limit)).map((row) => {
      const parsed = understood(row.line);
      if (typeof parsed === 'string') {
        throw this.#context.faultOf(new Error(`the journal's record ${row.seq} cannot be understood`));
      }
      const { path: _, path_base64: base64, ...rest } = parsed;
      const path = base64 === null ? null : Buffer.from(base64, 'base64');
      return { ...rest, path, hash: row.hash, line: row.line };
    });
  }

  async verify({
    head,
    places = [],
  }: { readonly head?: string; readonly places?: readonly JournalPlace[] } = {}): Promise<JournalCheck> {
    let seq = 0;
    let last = BEGINNING;
    let found = head === BEGINNING;
    const due = places.toSorted((one, other) => one.seq - other.seq);
    let next = 0;
    let missing: JournalPlace | null = null;
    const pass = (): void => {
      for (; due[next]?.seq === seq; next++) {
        if (due[next]?.hash !== last) missing ??= placeOf(due[next]);
      }
    };
    pass();
    const answer = (broken: JournalCheck['broken']): JournalCheck => ({
      records: seq,
      head: last,
      broken,
      head_found: head === undefined ? null : found,
      missing: missing ?? placeOf(due[next]),
    });
    for (;;) {
      const page = await this.#page(seq, PAGE);
      for (const row of page) {
        const reason = whyBroken(row, seq + 1, last);
        if (reason !== null) return answer({ seq: seq + 1, reason });
        ({ seq, hash: last } = row);
        found ||= last === head;
        pass();
      }
      if (page.length < PAGE) return answer(null);
    }
  }

  async #page(after: number, limit: number): Promise<{ seq: number; hash: string; line: string }[]> {
    return read(this.#context, (db) =>
      db.selectFrom('journal').selectAll().where('seq', '>', after).orderBy('seq').limit(limit).execute(),
    );
  }
}

function placeOf(place: JournalPlace | undefined): JournalPlace | null {
  return place === undefined ? null : { seq: place.seq, hash: place.hash };
}

function whyBroken(
  row: { readonly seq: number; readonly hash: string; readonly line: string },
  seq: number,
  prev: string,
): string | null {
  if (row.seq !== seq) return `it is missing: the next one is ${row.seq}`;
  if (sha256Of(row.line) !== row.hash) return 'it was altered: its hash is not that of what it says';
  const parsed = understood(row.line);
  if (typeof parsed === 'string') return parsed;
  if (parsed.seq !== seq) return `it says that it is record ${parsed.seq}`;
  return parsed.prev === prev ? null : 'it does not continue the record before it';
}

function understood(line: string): z.infer<typeof record> | string {
  if (line.length > MAX_LINE_BYTES) return 'it is too long';
  try {
    const parsed = record.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : 'it is no record of a journal';
  } catch {
    // What JSON.parse says of it quotes the line.
    return 'it is not JSON';
  }
}

function sha256Of(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}
