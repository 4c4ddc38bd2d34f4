/**
 * What is done with a file once it is decided, and nothing is ever lost by it: the quarantine folder, the review
 * folder, the place of what is approved, and the way back. docs/quarantine.md has the formats.
 */
export { applyDisposition, type Disposed, type Disposition, type DispositionRequest } from './apply.ts';
export { BREAKER, trippedRule, type Breaker } from './breaker.ts';
export type { Identity } from './claim.ts';
export type { ContainerHeader } from './container.ts';
export { HELD_CONTENT } from './copy-in.ts';
export { deleteFromQuarantine, type DeleteRequest } from './delete.ts';
export { findItems, type FoundItem } from './held-items.ts';
export { assertHook, runHook, type Hook, type HookEvent, type HookOutcome } from './hook.ts';
export { inspectQuarantined, listQuarantine, type QuarantineItem } from './items.ts';
export type { Ledger, Unfinished } from './ledger.ts';
export {
  assertApart,
  isOwnerFile,
  leftOver,
  managedFolderOf,
  ownFolders,
  type Managed,
} from './managed-places.ts';
export { putBackOrphans } from './orphaned-claims.ts';
export type { Places } from './places.ts';
export { recoverDispositions, type Recovered } from './recover.ts';
export { restoreFromQuarantine, type Restored, type RestoreRequest } from './restore.ts';
export { openClaims } from './open-claim.ts';
export {
  DELETE_STEPS,
  DISPOSITION_STEPS,
  RELEASE_STEPS,
  RESTORE_STEPS,
  type OnStep,
  type Step,
} from './steps.ts';
