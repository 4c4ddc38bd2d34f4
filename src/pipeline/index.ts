/** The only room that knows all stages. Start reading at scan.ts. More doors: gate/, reviews/, rules/. */
export { badMembers, isTar, type BadMember } from './bad-members.ts';
export { recall, type Recalled } from './remembered.ts';
export { engineChoice, startYara, type EngineChoice } from './engines.ts';
export { ENGINES, EngineWatch, isUp, type EngineName } from './engine-watch.ts';
export { examineDropped, MAX_DROPPED_FILES } from './examine-dropped.ts';
export { examineWhole, shapeOf } from './examine-whole.ts';
export { unexaminedUnit, type ExaminedUnit } from './examine-unit.ts';
export { HashTables, type HashSets } from './hash-sets.ts';
export type { Judge } from './judge.ts';
export { judgeUnit, unitBasis, type JudgedUnit, type UnitBasis } from './judge-unit.ts';
export { MassWindow, withAttack, type Attack } from './mass-window.ts';
export type { Apply, ScanEvent, ScanRequest } from './request.ts';
export { scan } from './scan.ts';
export type { CacheUsage } from '../cache/index.ts';
export {
  keptBy,
  KnownFirst,
  openBook,
  openCache,
  type CacheChoice,
  type CacheWork,
  type VerdictBook,
} from './verdicts/index.ts';
export type { ScanState, Watcher } from './watcher.ts';
export { WorkerPool, type PoolOptions, type Workers } from './worker-pool.ts';
