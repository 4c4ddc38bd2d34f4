/** The only room that knows all stages. Start reading at scan.ts. */
export { carryOut, type CarryOutOptions } from './carry-out.ts';
export type { EngineChoice } from './engines.ts';
export type { Apply, ScanEvent, ScanRequest } from './request.ts';
export { examineRules, type RulesExamination } from './rules-examination.ts';
export { scan } from './scan.ts';
export type { ScanState, Watcher } from './watcher.ts';
