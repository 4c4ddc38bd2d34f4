import { openClaims } from '../../dispose/index.ts';
import { WatchedFolder, type UnitOptions } from '../../intake/index.ts';
import { Arrivals } from './arrivals.ts';
import { Dispatch } from './dispatch.ts';
import { Dispositions } from './dispositions.ts';
import { Examination } from './examination.ts';
import { InForce } from './in-force.ts';
import type { Means } from './means.ts';
import { Alarms } from './outbox/alarms.ts';
import { SecondJudgement } from './second-judgement.ts';
import { Standing } from './standing.ts';
import type { TakenUp } from './taken-up.ts';
import { TokenRecords } from './token-records.ts';
import { UploadIntake } from './upload-intake.ts';
import { Upkeep } from './upkeep.ts';

const HOUR_MS = 3_600_000;
/** Names of what is still being written delay it by an hour at most (ATTACKS A13). */
const MAX_DELAY_MS = HOUR_MS;
const ENGINE_WAIT_MS = 15_000;
const PAUSE_POLL_MS = 500;
/** A look that gets no answer for so many pauses between two looks hangs; one answer may be a whole folder. */
const HANGS_AFTER = 12;
const LEAST_HANG_MS = 5000;

/** What works side by side, each woken by the one before it: arrivals → dispatch (examination) → dispositions. */
export interface Parts {
  readonly arrivals: Arrivals;
  readonly uploads: UploadIntake;
  readonly dispatch: Dispatch;
  readonly dispositions: Dispositions;
  /** What decides. */
  readonly inForce: InForce;
  readonly second: SecondJudgement;
  readonly upkeep: Upkeep;
  readonly alarms: Alarms;
  readonly standing: Standing;
  readonly tokens: TokenRecords;
}

/** Puts them together; nothing runs yet. */
export function partsOf(taken: TakenUp, means: Means, version: string, signal: AbortSignal): Parts {
  const { settings, store, log, who, places } = taken;
  const { config, incoming } = settings;
  const { engines, metrics } = means;
  const accepted = (): void => dispatch.wake();
  const decided = (): void => dispositions.wake();
  const look = (path: Buffer): void => folder.forget(path);

  const uploads = new UploadIntake({
    store,
    incoming,
    min_free: config.minFree.value,
    quota: config.uploadQuota.value,
    log,
    accepted,
  });
  const claims = openClaims(store.ledger);
  const units: UnitOptions = {
    root: incoming,
    unit: config.dispositionUnit.value,
    ours: (path) => uploads.isArriving(path.toString('latin1', path.lastIndexOf('/') + 1)) || claims(path),
  };
  const folder = new WatchedFolder({
    ...units,
    interval_ms: config.scanIntervalMs.value,
    settle_ms: config.scanIntervalMs.value,
    delayed: config.delayedNames.value,
    delay_ms: MAX_DELAY_MS,
    never_settled_ms: config.neverSettledAfter.value,
    volumes_ms: config.volumeWait.value,
    sets_ms: config.setWait.value,
    sets: taken.sets,
    lingering: taken.lingering,
  });
  const dispositions = new Dispositions({
    store,
    places,
    log,
    who,
    version,
    look,
    breaker: { limit: config.quarantinePerRule.value, windowMs: HOUR_MS },
  });
  const inForce = new InForce(taken, means, () => second.wake());
  const { judge } = inForce;
  const examination = new Examination({
    pool: means.workers,
    engines,
    store,
    ours: units.ours,
    version,
    engine_wait_ms: ENGINE_WAIT_MS,
    arrived: means.together.arrived,
    signal,
    judge,
    moves: (decision) =>
      decision === 'quarantine' ||
      (decision === 'manual_review' ? places.reviewDir : places.approvedDir) !== null,
  });
  const alarms = new Alarms({
    store,
    log,
    engines: () => engines.state,
    expect_file_within: config.expectFileWithin.value,
    gap_share: config.gapRateAlarm.value / 100,
  });
  const upkeep = new Upkeep({
    store,
    engines,
    log,
    metrics,
    signal,
    folders: [
      config.dataDir.value,
      config.tmpDir.value,
      ...[places.quarantineDir, places.reviewDir, places.approvedDir].filter((path) => path !== null),
    ],
    min_free: config.minFree.value,
    provisional_for: config.provisionalFor.value,
    escalate_after: config.escalateAfter.value,
    wake: () => {
      accepted();
      decided();
    },
  });
  const dispatch = new Dispatch({
    store,
    examination,
    log,
    scanned: (result) => {
      metrics.scanned(result);
      alarms.decided(result);
    },
    look,
    workers: config.workers.value,
    signal,
    decided,
    open: () => upkeep.short_of_space === null,
  });
  const second = new SecondJudgement({ store, examination, engines, log, signal, judge, decided });
  const arrivals = new Arrivals({
    store,
    folder,
    log,
    metrics,
    signal,
    accepted,
    room: async () => roomIn(upkeep, signal),
    hangs_ms: Math.max(LEAST_HANG_MS, HANGS_AFTER * config.scanIntervalMs.value),
  });
  const standing = new Standing({ store, engines, log, signal, upkeep, arrivals, outbox: taken.outbox });
  const tokens = new TokenRecords(config.tokensFile.value, store, log);
  return { arrivals, uploads, dispatch, dispositions, inForce, second, upkeep, alarms, standing, tokens };
}

async function roomIn(upkeep: Upkeep, signal: AbortSignal): Promise<void> {
  while (upkeep.short_of_space !== null && !signal.aborted) {
    await new Promise((resolve) => {
      setTimeout(resolve, PAUSE_POLL_MS);
    });
  }
}
