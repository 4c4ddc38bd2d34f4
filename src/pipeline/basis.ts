import type { ExaminedUnit } from './examine-unit.ts';
import { judge, type Judge, type JudgedFile } from './judge.ts';
import type { TreeOutcome } from './protocol.ts';

/** What a decision rests on besides the policy, as JSON holds it: the same judge comes to the same result from it. */
export interface Basis {
  readonly is_one: boolean;
  readonly files: readonly {
    readonly display: string;
    /** Base64; null: standard input. */
    readonly path: string | null;
    readonly name: string;
    readonly outcome: TreeOutcome;
  }[];
}

export function basisOf({ is_one, files }: ExaminedUnit): Basis {
  return {
    is_one,
    files: files.map(({ display, path, name, outcome }) => ({
      display,
      path: path?.toString('base64') ?? null,
      name,
      // The inode was compared when it was examined; JSON has no 64 bits for it.
      outcome: { ...outcome, root: { ...outcome.root, identity: null } },
    })),
  };
}

/** The bytes are not looked at: whoever asks makes sure that they still are what was examined. */
export function judgeBasis({ is_one, files }: Basis, judgement: Judge): JudgedFile[] {
  const examined = files.map(({ path, ...file }) => ({
    ...file,
    path: path === null ? null : Buffer.from(path, 'base64'),
  }));
  return judge({ files: examined, is_one, lost: null }, judgement);
}

/** The same without the gaps of engines that were not there: what would follow if they had found nothing. */
export function asIfEnginesWereBack(examined: ExaminedUnit): ExaminedUnit {
  return {
    ...examined,
    files: examined.files.map((file) => ({
      ...file,
      outcome: {
        ...file.outcome,
        gaps: file.outcome.gaps.filter(({ reason }) => reason !== 'engine_unavailable'),
      },
    })),
  };
}
