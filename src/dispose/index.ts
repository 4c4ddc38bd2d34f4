/**
 * What is done with a file once it is decided, and nothing is ever lost by it: the quarantine store, the review
 * folder, their journal, and the way back. docs/quarantine.md has the formats.
 */
export { applyDisposition, type Disposition, type DispositionRequest } from './apply.ts';
export { asciiJson } from './ascii-json.ts';
export type { Identity } from './claim.ts';
export type { ContainerHeader } from './container.ts';
export { deleteFromQuarantine } from './delete.ts';
export { findQuarantined, inspectQuarantined, listQuarantine, type QuarantineItem } from './items.ts';
export { recoverDispositions, type Recovered } from './recover.ts';
export { restoreFromQuarantine, type Restored, type RestoreOptions } from './restore.ts';
export { DELETE_STEPS, DISPOSITION_STEPS, RESTORE_STEPS, type OnStep, type Step } from './steps.ts';
export { verifyJournal, type JournalCheck } from './verify-journal.ts';
