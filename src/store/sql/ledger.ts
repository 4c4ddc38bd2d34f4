import {
  BackupLensError,
  newId,
  VERDICTS,
  type Intent,
  type JournalAction,
  type Outcome,
  type StoredItem,
} from '../../domain/index.ts';
import type { DispositionLedger, ItemIndex, OpenDisposition } from '../ledger.ts';
import type { FileState, Sighting } from '../watched-file.ts';
import { only, read, write, type Context, type Trx } from './context.ts';
import { change, rowOf } from './file-changes.ts';
import { newRow } from './file-row.ts';
import { idPatterns, MAX_FOUND } from './id-patterns.ts';
import { intentFromJson, intentToJson } from './intent-json.ts';
import { append } from './journal.ts';
import { beginningWith } from './path-range.ts';
import { openReview } from './review-list.ts';
import type { FileRow, Tables } from './tables.ts';

const UNFINISHED = ['intended', 'claimed', 'done'] as const;

const SAID: Readonly<Record<Intent['kind'], JournalAction>> = {
  quarantine: 'quarantined',
  hold: 'held',
  release: 'released',
  restore: 'restored',
  delete: 'deleted',
};

const AFTER: Readonly<Record<Intent['kind'], FileState>> = {
  quarantine: 'quarantined',
  hold: 'held',
  release: 'released',
  restore: 'restored',
  delete: 'deleted',
};

export class SqlLedger implements DispositionLedger {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async intend(intent: Intent): Promise<void> {
    await write(this.#context, async (trx) => {
      const { file, item } = intent;
      const earlier = await trx
        .selectFrom('dispositions')
        .select('id')
        .where('state', 'in', UNFINISHED)
        .where((where) =>
          where.or([
            ...(file === null ? [] : [where('file', '=', file)]),
            ...(item === null ? [] : [where('item', '=', item)]),
          ]),
        )
        .executeTakeFirst();
      if (earlier !== undefined && (file !== null || item !== null)) {
        throw new BackupLensError(
          'BL_DISPOSITION',
          `what was begun with ${earlier.id} has not come to its end`,
          {
            hint: 'see that the folder it came from is there, and try again',
          },
        );
      }
      await trx
        .insertInto('dispositions')
        .values({
          id: intent.id,
          kind: intent.kind,
          state: 'intended',
          item,
          file,
          intent: intentToJson(intent),
          begun_at: intent.at,
          ended_at: null,
        })
        .execute();
    });
  }

  async claimed(id: string): Promise<void> {
    await write(this.#context, (trx) => advance(trx, id, 'claimed'));
  }

  async done(id: string, outcome: Outcome): Promise<void> {
    await write(this.#context, async (trx) => {
      const { intent: json } = only(
        await trx.selectFrom('dispositions').select('intent').where('id', '=', id).executeTakeFirst(),
        `disposition ${id}`,
      );
      const intent = intentFromJson(json);
      const row = intent.file === null ? null : await rowOf(trx, intent.file);
      await settle(trx, this.#context, intent, outcome, row);
      await append(trx, {
        action: SAID[intent.kind],
        time: this.#context.now().toISOString(),
        who: intent.who,
        file: intent.file,
        item: intent.item ?? intent.id,
        sha256: intent.sha256,
        // Where it came from; for what was brought back, where it is now.
        path:
          intent.kind === 'restore' || intent.item !== null ? (outcome.location ?? intent.from) : intent.from,
        decision: row?.decision ?? null,
        verdict: row?.verdict ?? null,
        detail: [intent.why, outcome.detail].filter((text) => text !== null).join('; ') || null,
      });
      await advance(trx, id, 'done');
    });
  }

  async close(id: string): Promise<void> {
    await write(this.#context, (trx) => this.#end(trx, id, 'closed'));
  }

  async withdraw(
    id: string,
    journal: { readonly location: Uint8Array; readonly detail: string } | null,
  ): Promise<void> {
    await write(this.#context, async (trx) => {
      if (journal !== null) {
        const { intent: json } = only(
          await trx.selectFrom('dispositions').select('intent').where('id', '=', id).executeTakeFirst(),
          `disposition ${id}`,
        );
        const { file, item, sha256 } = intentFromJson(json);
        await append(trx, {
          action: 'put_back',
          time: this.#context.now().toISOString(),
          who: this.#context.who,
          file,
          item: item ?? id,
          path: journal.location,
          sha256,
          detail: journal.detail,
          decision: null,
          verdict: null,
        });
      }
      await this.#end(trx, id, 'withdrawn');
    });
  }

  async unfinished(): Promise<readonly OpenDisposition[]> {
    const rows = await read(this.#context, (db) =>
      db
        .selectFrom('dispositions')
        .select(['intent', 'state'])
        .where('state', 'in', UNFINISHED)
        .orderBy('id')
        .execute(),
    );
    return rows.flatMap(({ intent, state }) =>
      state === 'intended' || state === 'claimed' || state === 'done'
        ? [{ intent: intentFromJson(intent), state }]
        : [],
    );
  }

  async item(id: string): Promise<StoredItem | null> {
    const row = await read(this.#context, (db) =>
      db.selectFrom('items').selectAll().where('id', '=', id).where('present', '=', 1).executeTakeFirst(),
    );
    return row === undefined ? null : itemOf(row);
  }

  async #end(trx: Trx, id: string, state: 'closed' | 'withdrawn'): Promise<void> {
    await trx
      .updateTable('dispositions')
      .set({ state, ended_at: this.#context.now().toISOString() })
      .where('id', '=', id)
      .where('state', 'in', UNFINISHED)
      .execute();
  }
}

async function advance(trx: Trx, id: string, state: 'claimed' | 'done'): Promise<void> {
  await trx.updateTable('dispositions').set({ state }).where('id', '=', id).execute();
}

/** What the end of a disposition means for the file, the items and the reviews. */
async function settle(
  trx: Trx,
  context: Context,
  intent: Intent,
  { location, facts, detail }: Outcome,
  row: FileRow | null,
): Promise<void> {
  const { kind, id, item, file, keep } = intent;
  if (item !== null && !keep) await takeOut(trx, item);
  if (kind === 'quarantine' || kind === 'hold') {
    if (facts === null || location === null) throw new TypeError(`a ${kind} without what was kept`);
    await enterItem(trx, {
      id,
      kind,
      file,
      origin: Buffer.from(facts.origin.path_base64, 'base64'),
      location,
      facts,
    });
  }
  if (kind === 'restore' || (kind === 'release' && item !== null))
    await waive(trx, context, intent, location);
  if (file === null || row === null || keep) return;
  await change(trx, context, file, { state: AFTER[kind], at_path: 0, location, detail });
  if (kind === 'hold') await openReview(trx, context, row, id, location);
}

async function enterItem(trx: Trx, { id, kind, file, origin, location, facts }: StoredItem): Promise<void> {
  const { sha256, taken_at, rules } = facts;
  await trx
    .insertInto('items')
    .values({ id, kind, file, origin, location, sha256, taken_at, facts: JSON.stringify(facts), present: 1 })
    .execute();
  // Asked for as `kind:rule` (the breaker) and by its own name (`--rule`).
  const names = rules.flatMap((rule) => [rule, rule.slice(rule.indexOf(':') + 1)]);
  for (const rule of new Set(names)) {
    await trx.insertInto('item_rules').values({ rule, taken_at, item: id, kind }).execute();
  }
}

async function takeOut(trx: Trx, item: string): Promise<void> {
  await trx.updateTable('items').set({ present: 0 }).where('id', '=', item).execute();
}

/** What a person brought back to a place is not taken away again by the next sweep, once (ATTACKS B16). */
async function waive(
  trx: Trx,
  { now }: Context,
  { kind, item, sha256 }: Intent,
  location: Uint8Array | null,
): Promise<void> {
  if (location === null || sha256 === null) return;
  const approved = kind === 'release' ? 1 : 0;
  await trx
    .insertInto('waivers')
    .values({ path: location, sha256, item, approved, made_at: now().toISOString(), used_at: null })
    .execute();
}

function itemOf(row: Tables['items']): StoredItem {
  const { id, kind, file, origin, location } = row;
  const facts: StoredItem['facts'] = JSON.parse(row.facts);
  return { id, kind, file, origin, location, facts };
}

export class SqlItemIndex implements ItemIndex {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async list({
    kind,
    limit,
    after,
    rule,
    found,
    under,
    since,
    until,
  }: Parameters<ItemIndex['list']>[0]): Promise<readonly StoredItem[]> {
    const rows = await read(this.#context, (db) => {
      let query = db
        .selectFrom('items')
        .selectAll()
        .where('kind', '=', kind)
        .where('present', '=', 1)
        .orderBy('id')
        .limit(limit);
      if (after !== undefined) query = query.where('id', '>', after);
      if (since !== undefined) query = query.where('taken_at', '>=', since);
      if (until !== undefined) query = query.where('taken_at', '<', until);
      if (under !== undefined)
        for (const [op, path] of beginningWith(under)) query = query.where('origin', op, path);
      if (found !== undefined) {
        query = query.where('id', 'in', (nested) =>
          nested
            .selectFrom('item_rules')
            .select('item')
            .where('rule', '>=', `${found}:`)
            // The semicolon follows the colon.
            .where('rule', '<', `${found};`),
        );
      }
      if (rule !== undefined) {
        query = query.where('id', 'in', (nested) =>
          nested.selectFrom('item_rules').select('item').where('rule', '=', rule),
        );
      }
      return query.execute();
    });
    return rows.map(itemOf);
  }

  async find(abbreviation: string): Promise<readonly string[]> {
    const patterns = idPatterns(abbreviation);
    const rows = await read(this.#context, (db) =>
      db
        .selectFrom('items')
        .select('id')
        .where('present', '=', 1)
        .where((where) => where.or(patterns.map((pattern) => where('id', 'like', pattern))))
        .orderBy('id')
        .limit(MAX_FOUND)
        .execute(),
    );
    return rows.map(({ id }) => id);
  }

  async quarantinedBy(rule: string, since: string): Promise<number> {
    const row = await read(this.#context, (db) =>
      db
        .selectFrom('item_rules')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('rule', '=', rule)
        .where('kind', '=', 'quarantine')
        .where('taken_at', '>=', since)
        .executeTakeFirst(),
    );
    return row?.count ?? 0;
  }

  async adopt(item: Omit<StoredItem, 'file'>): Promise<boolean> {
    return write(this.#context, async (trx) => {
      const known = await trx.selectFrom('items').select('id').where('id', '=', item.id).executeTakeFirst();
      if (known !== undefined) return false;
      const row = foundRow(this.#context, item);
      await trx.insertInto('files').values(row).execute();
      await enterItem(trx, { ...item, file: row.id });
      if (item.kind === 'hold') await openReview(trx, this.#context, row, item.id, item.location);
      const { decision, sha256 } = item.facts;
      await append(trx, {
        action: 'store_rebuilt',
        time: this.#context.now().toISOString(),
        who: this.#context.who,
        file: row.id,
        item: item.id,
        path: item.origin,
        sha256,
        decision,
        verdict: row.verdict,
        detail: item.kind === 'hold' ? 'found in the review folder' : 'found in quarantine',
      });
      return true;
    });
  }
}

/** A file of which only its item is left: nobody knows what stands at its path. */
function foundRow(context: Context, { kind, origin, location, facts }: Omit<StoredItem, 'file'>): FileRow {
  const nothing = { dev: 0n, ino: 0n, size: BigInt(facts.size), mtime_ns: 0n, ctime_ns: 0n };
  const sighting: Sighting = {
    path: origin,
    identity: nothing,
    share: Buffer.alloc(0),
    lane: 'fresh',
    never_settled: false,
  };
  const now = context.now();
  const { sha256, decision } = facts;
  const verdict = VERDICTS.find((one) => one === facts.verdict) ?? null;
  return {
    ...newRow(sighting, newId(now), 0, now.toISOString()),
    at_path: 0,
    location,
    sha256,
    decision,
    verdict,
    state: kind === 'hold' ? 'held' : 'quarantined',
  };
}
