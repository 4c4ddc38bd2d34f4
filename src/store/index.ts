/** The durable state of the service and of the commands: files, scans, dispositions, reviews, the journal. */
export type { AlarmName, Alarms, AlarmsUp } from './alarms.ts';
export type { EventSinks, SinkStanding } from './event-sinks.ts';
export type { Accepted, FileQueue, Recorded, ScanRecord } from './file-queue.ts';
export type { Journal, JournalCheck, JournalPlace } from './journal.ts';
export type { EarlierJudgement, JudgedAgain, Judgements } from './judgements.ts';
export type { DispositionLedger, ItemIndex, OpenDisposition } from './ledger.ts';
export type {
  Answer,
  Gate,
  GateAnswer,
  Remembered,
  Review,
  ReviewFilter,
  ReviewGroup,
  ReviewList,
} from './review-list.ts';
export type { CallOutcome, ReleaseCall, ReleaseCalls } from './release-calls.ts';
export { RETENTION, type Retained, type RetentionPolicy } from './retention.ts';
export type { ScanArchive, ScanFilter, ScanSummary } from './scan-archive.ts';
export type { ClockCheck, Store, StoreCounts } from './store.ts';
export type { AttackList, KnownAttack } from './attack-list.ts';
export type { BegunSet, Lingering, UnsettledList, Unrest } from './unsettled-list.ts';
export type { ArrivingUpload, Upload, UploadList } from './upload-list.ts';
export {
  FILE_STATES,
  LANES,
  type FileIdentity,
  type FileState,
  type Lane,
  type Sighting,
  type WatchedFile,
  type Work,
} from './watched-file.ts';
export { openStore, openStoreForReading, type OpenOptions } from './sqlite/open.ts';
export { backUpStore, checkStore, restoreStore, setStoreAside } from './sqlite/upkeep.ts';
