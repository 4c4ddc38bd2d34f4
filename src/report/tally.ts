import type { FileResult, SkippedEntry } from '../contracts/index.ts';
import { FOLDER_MIME } from '../contracts/plain/index.ts';
import type { Decision, GapReason } from '../domain/index.ts';

interface Decided {
  files: number;
  folders: number;
  bytes: number;
  provisional: number;
}

/** All gaps of one reason, over the whole run. */
export interface Uninspected {
  artifacts: number;
  /** Of those whose size is known. */
  bytes: number;
  /** Some of them have no known size: there may be more. */
  atLeast: boolean;
  /** Who could not look; at most `MAX_NAMES`. */
  readonly by: Set<string>;
  readonly rules: Set<'tolerate' | 'review' | 'quarantine'>;
  accepted: number;
}

type Action = NonNullable<FileResult['disposition']>['action'];

/** The analyzers and formats that name themselves are few; a set that only the world fills must still end. */
const MAX_NAMES = 20;

/** What the summary of a report for people says beyond `Summary`: counted as the results go by. */
export class Tally {
  readonly decided: Readonly<Record<Decision, Decided>> = {
    auto_approve: { files: 0, folders: 0, bytes: 0, provisional: 0 },
    manual_review: { files: 0, folders: 0, bytes: 0, provisional: 0 },
    quarantine: { files: 0, folders: 0, bytes: 0, provisional: 0 },
  };
  readonly uninspected = new Map<GapReason, Uninspected>();
  readonly skipped = new Map<SkippedEntry['reason'], number>();
  readonly moved = new Map<Action, number>();
  acceptedFindings = 0;
  /** Large data of no known type, or packed in a way that nothing here opens: seen by every engine as it is, looked into by nobody. */
  readonly rawOnly = { artifacts: 0, bytes: 0 };
  /** What single results left out of their lists. */
  omittedFindings = 0;
  omittedGaps = 0;

  result(result: FileResult): void {
    const decided = this.decided[result.decision];
    const { files } = result;
    if (files === undefined && result.content_type.mime === FOLDER_MIME) decided.folders++;
    else decided.files += files ?? 1;
    decided.bytes += result.size ?? 0;
    if (result.provisional) decided.provisional++;
    this.rawOnly.artifacts += result.coverage.raw_only?.artifacts ?? 0;
    this.rawOnly.bytes += result.coverage.raw_only?.bytes ?? 0;
    for (const gap of result.gaps) this.#gap(gap);
    for (const finding of result.findings) if (finding.accepted !== undefined) this.acceptedFindings++;
    this.omittedFindings += result.omitted?.findings ?? 0;
    this.omittedGaps += result.omitted?.gaps ?? 0;
    const action = result.disposition?.action;
    if (action !== undefined) this.moved.set(action, (this.moved.get(action) ?? 0) + 1);
  }

  /** Files of which nothing else is to be said. */
  approved(files: number, bytes: number): void {
    this.decided.auto_approve.files += files;
    this.decided.auto_approve.bytes += bytes;
  }

  skip(entry: SkippedEntry): void {
    this.skipped.set(entry.reason, (this.skipped.get(entry.reason) ?? 0) + 1);
  }

  #gap(gap: FileResult['gaps'][number]): void {
    const sum = this.uninspected.get(gap.reason) ?? {
      artifacts: 0,
      bytes: 0,
      atLeast: false,
      by: new Set(),
      rules: new Set(),
      accepted: 0,
    };
    sum.artifacts += gap.artifacts ?? 1;
    if (gap.bytes === null) sum.atLeast = true;
    else sum.bytes += gap.bytes;
    if (sum.by.size < MAX_NAMES) sum.by.add(gap.by);
    sum.rules.add(gap.rule);
    if (gap.accepted !== undefined) sum.accepted++;
    this.uninspected.set(gap.reason, sum);
  }
}
