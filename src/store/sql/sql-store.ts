import type { Retained, RetentionPolicy } from '../retention.ts';
import type { ClockCheck, Store, StoreCounts } from '../store.ts';
import { SqlAttackList } from './attack-list.ts';
import { ClockWatch } from './clock.ts';
import { only, read, type Context } from './context.ts';
import { SqlAlarms } from './alarms.ts';
import { countsOf } from './counts.ts';
import { SqlEventSinks } from './event-sinks.ts';
import { SqlFileQueue } from './file-queue.ts';
import { SqlGate } from './gate.ts';
import { SqlJournal } from './journal.ts';
import { SqlJudgements } from './judgements.ts';
import { SqlItemIndex, SqlLedger } from './ledger.ts';
import { SqlReleaseCalls } from './release-calls.ts';
import { retain } from './retain.ts';
import { SqlReviewList } from './review-list.ts';
import { SqlScanArchive } from './scan-archive.ts';
import { setting } from './settings.ts';
import { SqlTokenList } from './token-list.ts';
import { SqlUnsettledList } from './unsettled-list.ts';
import { SqlUploadList } from './upload-list.ts';

/** The store over any database that Kysely speaks to. */
export class SqlStore implements Store {
  readonly files: SqlFileQueue;
  readonly scans: SqlScanArchive;
  readonly ledger: SqlLedger;
  readonly items: SqlItemIndex;
  readonly reviews: SqlReviewList;
  readonly gate: SqlGate;
  readonly uploads: SqlUploadList;
  readonly journal: SqlJournal;
  readonly judgements: SqlJudgements;
  readonly releases: SqlReleaseCalls;
  readonly unsettled: SqlUnsettledList;
  readonly attacks: SqlAttackList;
  readonly tokens: SqlTokenList;
  readonly sinks: SqlEventSinks;
  readonly alarms: SqlAlarms;
  readonly #context: Context;
  readonly #clock: ClockWatch;
  readonly #onClose: () => Promise<void>;

  constructor(context: Context, onClose: () => Promise<void>) {
    this.files = new SqlFileQueue(context);
    this.scans = new SqlScanArchive(context);
    this.ledger = new SqlLedger(context);
    this.items = new SqlItemIndex(context);
    this.reviews = new SqlReviewList(context);
    this.gate = new SqlGate(context);
    this.uploads = new SqlUploadList(context);
    this.journal = new SqlJournal(context);
    this.judgements = new SqlJudgements(context);
    this.releases = new SqlReleaseCalls(context);
    this.unsettled = new SqlUnsettledList(context);
    this.attacks = new SqlAttackList(context);
    this.tokens = new SqlTokenList(context);
    this.sinks = new SqlEventSinks(context);
    this.alarms = new SqlAlarms(context);
    this.#context = context;
    this.#clock = new ClockWatch(context);
    this.#onClose = onClose;
  }

  async instanceId(): Promise<string> {
    const id = await read(this.#context, (db) => setting(db, 'instance_id'));
    return only(id ?? undefined, 'instance id in the store');
  }

  async counts(): Promise<StoreCounts> {
    return read(this.#context, (db) => countsOf(db, this.#context.now().toISOString()));
  }

  async checkClock(): Promise<ClockCheck> {
    return this.#clock.check();
  }

  async retain(policy: RetentionPolicy): Promise<Retained> {
    const { jumped } = await this.#clock.check();
    if (jumped) return { reports: 0, files: 0, suspended: true };
    return { ...(await retain(this.#context, policy)), suspended: false };
  }

  async close(): Promise<void> {
    await this.#context.db.destroy();
    await this.#onClose();
  }
}
