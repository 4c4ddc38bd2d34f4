/** Artifact → child Artifacts or Gaps: everything that opens containers, within one Budget a tree. */
export { DEFAULT_LIMITS, type BudgetLimits } from '../domain/index.ts';
export { Budget } from './budget.ts';
export type { Container, Format, FormatDoc, Member, MemberSink, UnpackContext, Unpacker } from './format.ts';
export { openContainer } from './open-container.ts';
export { canOpen, checksItself, FORMATS, isPiece, opensWhole } from './registry.ts';
export { closeUnpackers } from './seven-zip/pool.ts';
