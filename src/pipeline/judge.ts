import { assess } from '../assess/index.ts';
import type { FileResult } from '../contracts/index.ts';
import type { Assessment, Baseline, Policy } from '../domain/index.ts';
import type { ExaminedFile, ExaminedUnit } from './examine-unit.ts';
import { fileResult } from './file-result.ts';
import { oneDecision } from './one-decision.ts';

/** What judges. */
export interface Judge {
  readonly policy: Policy;
  readonly baseline: Baseline;
  /** RFC 3339: accepted until when. */
  readonly as_of: string;
}

export interface JudgedFile extends ExaminedFile {
  readonly assessment: Assessment;
  /** Its line in the report. */
  readonly result: FileResult;
}

/** assess, for every file of a unit; what is one has one decision. */
export function judge(
  { files, is_one: isOne }: ExaminedUnit,
  { policy, baseline, as_of: asOf }: Judge,
): JudgedFile[] {
  const assessed = files.map(({ outcome }) => assess(outcome, policy, baseline, asOf));
  const decided = isOne
    ? oneDecision(
        assessed,
        files.map(({ name }) => name),
      )
    : assessed;
  return files.flatMap((file, index) => {
    const assessment = decided[index];
    if (assessment === undefined) return [];
    const result = fileResult({ path: file.display, bytes: file.path }, file.outcome, assessment);
    return [{ ...file, assessment, result }];
  });
}
