/** The only room that knows all stages. Start reading at scan.ts. */
export { approve, reject, type Answered, type CarriesOut, type ReviewAnswer } from './answer-review.ts';
export {
  answerReviews,
  selectReviews,
  type AnsweredAll,
  type ReviewSelection,
  type Selected,
} from './answer-reviews.ts';
export { askGate, type GateSaid } from './ask-gate.ts';
export { carryOut, identityAt, type CarryOutOptions } from './carry-out.ts';
export { recall, type Recalled } from './remembered.ts';
export { engineChoice, type EngineChoice } from './engines.ts';
export { ENGINES, EngineWatch, isUp, type EngineName } from './engine-watch.ts';
export { examineDropped, MAX_DROPPED_FILES } from './examine-dropped.ts';
export { asOne, examineWhole } from './examine-whole.ts';
export { unexaminedUnit, type ExaminedUnit } from './examine-unit.ts';
export { judge, type Judge } from './judge.ts';
export type { Apply, ScanEvent, ScanRequest } from './request.ts';
export { examineRules, type RulesExamination } from './rules-examination.ts';
export { scan } from './scan.ts';
export type { ScanState, Watcher } from './watcher.ts';
export { WorkerPool } from './worker-pool.ts';
