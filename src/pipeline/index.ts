/** The only room that knows all stages. Start reading at scan.ts. */
export { carryOut, type CarryOutOptions } from './carry-out.ts';
export { engineChoice, type EngineChoice } from './engines.ts';
export { ENGINES, EngineWatch, isUp, type EngineName } from './engine-watch.ts';
export { examineFolder } from './examine-folder.ts';
export {
  examineUnit,
  unexaminedUnit,
  type ExaminedFile,
  type ExaminedUnit,
  type ExamineOptions,
} from './examine-unit.ts';
export { FolderVerdict } from './folders.ts';
export { HashTables, type HashSets } from './hash-sets.ts';
export { judge, type Judge, type JudgedFile } from './judge.ts';
export type { Apply, ScanEvent, ScanRequest } from './request.ts';
export { examineRules, type RulesExamination } from './rules-examination.ts';
export { scan } from './scan.ts';
export type { ScanState, Watcher } from './watcher.ts';
export { WorkerPool, type PoolOptions } from './worker-pool.ts';
