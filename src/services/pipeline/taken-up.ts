import { userInfo } from 'node:os';
import type { Scratch } from '../../bytes/index.ts';
import { assertApart, leftOver, ownFolders, recoverDispositions, type Places } from '../../dispose/index.ts';
import type { EarlierSet, Lingering } from '../../intake/index.ts';
import type { Log } from '../../observe/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import { BundleInForce } from './bundle-in-force.ts';
import { Checkpoints } from './outbox/checkpoints.ts';
import { lingeringSince, setsBefore } from './left-before.ts';
import { outboxOf } from './outbox/open.ts';
import type { Outbox } from './outbox/outbox.ts';
import { ownScratch } from './own-scratch.ts';
import { hookOf, type ReleaseHook } from './release-hook.ts';
import type { ServiceSettings } from './settings.ts';
import { recoverUploads } from './upload-intake.ts';

/** What has to be undone when the service does not come to its start, the last first. */
export type Undo = (() => Promise<unknown>)[];

/** Everything durable, ours alone, with what the last process left half done at its end. */
export interface TakenUp {
  readonly settings: ServiceSettings;
  readonly log: Log;
  readonly store: Store;
  readonly scratch: Scratch;
  readonly places: Places;
  readonly who: string;
  /** null: nobody wants to be told. */
  readonly hook: ReleaseHook | null;
  readonly outbox: Outbox;
  /** null: CHECKPOINT_FILE is not set. */
  readonly checkpoints: Checkpoints | null;
  /** What had not come to rest when the last process ended. */
  readonly lingering: readonly Lingering[];
  /** What stands decided as a set. */
  readonly sets: readonly EarlierSet[];
  readonly bundles: BundleInForce;
}

/** One that is being killed just now gives the folder up within this, in ms. */
const LOCK_WAIT_MS = 3000;

/** The first half of a start. Throws BL_CONFIG, BL_STORE, BL_STORE_LOCKED, BL_SCRATCH. */
export async function takeUp(settings: ServiceSettings, log: Log, undo: Undo): Promise<TakenUp> {
  const { config, incoming } = settings;
  const dataDir = config.dataDir.value;
  const places: Places = {
    quarantineDir: config.quarantineDir.value,
    reviewDir: config.reviewDir.value,
    approvedDir: config.approvedDir.value,
    incomingDir: incoming.toString(),
  };
  await assertApart({
    INCOMING_DIR: incoming.toString(),
    QUARANTINE_DIR: places.quarantineDir,
    DATA_DIR: dataDir,
    REVIEW_DIR: places.reviewDir,
    APPROVED_DIR: places.approvedDir,
  });
  const who = userInfo().username;
  const store = await openStore({
    dataDir,
    who,
    what: 'backuplens-pipeline',
    waitMs: LOCK_WAIT_MS,
    leftOver: async () => leftOver(places, [incoming.toString()]),
  });
  undo.unshift(async () => store.close());
  await ownFolders([places.quarantineDir, places.reviewDir, places.approvedDir], await store.instanceId());
  for (const { id, action, detail } of await recoverDispositions(store.ledger)) {
    log.warn('a disposition was brought to its end', { disposition: id, action, untrusted: { detail } });
  }
  await recoverUploads({ store, incoming, log });
  const bundles = new BundleInForce(config.bundleDir.value, store, log);
  await bundles.record();
  await bundles.used();
  await store.checkClock();
  const hook = await hookOf(settings, store, log);
  const outbox = await outboxOf(settings, store, log, undo);
  const checkpoints = await Checkpoints.open(settings, store, log);
  const scratch = await ownScratch(dataDir, config.tmpDir.value);
  undo.unshift(async () => scratch.remove());
  const [lingering, sets] = [await lingeringSince(store), await setsBefore(store)];
  return { settings, log, store, scratch, places, who, hook, outbox, checkpoints, lingering, sets, bundles };
}
