import type { FileResult } from '../contracts/index.ts';
import { harsher, type Assessment, type Decision } from '../domain/index.ts';
import {
  filesOf,
  isSameFile,
  unitAt,
  type FileIdentity,
  type Unit,
  type UnitOptions,
} from '../intake/index.ts';
import { basisOf } from './basis.ts';
import { examineUnit } from './examine-unit.ts';
import { FolderVerdict } from './folders.ts';
import { judge, type Judge } from './judge.ts';
import { awaitsEngines, type UnitBasis } from './judge-unit.ts';
import type { Recalled } from './remembered.ts';
import type { Workers } from './worker-pool.ts';

/** Larger folders are held or left as a whole: their results together would not fit into memory. */
export const MAX_DROPPED_FILES = 10_000;

/** One file of a dropped folder, decided as the folder is. */
export interface DroppedFile extends Recalled {
  readonly path: Buffer;
  readonly identity: FileIdentity;
  readonly assessment: Assessment;
  readonly basis: UnitBasis;
}

export type Dropped =
  | {
      readonly type: 'files';
      readonly files: readonly DroppedFile[];
      /** What is true of the folder: the file that decided, under the folder's name. */
      readonly result: FileResult;
      readonly provisional: boolean;
      /** Nobody has to look at any of them but the engines that were away. */
      readonly awaits_engines: boolean;
    }
  /** What cannot be looked at cannot be moved either: it is one whole. */
  | { readonly type: 'whole' }
  /** Something else stands there. */
  | { readonly type: 'changed' }
  /** The pool was closed. */
  | { readonly type: 'ended' };

export interface DroppedOptions {
  readonly judge: Judge;
  readonly ours: UnitOptions['ours'];
  readonly alone?: boolean;
  readonly recall: (result: FileResult) => Promise<Recalled>;
  /** What was decided of files that were taken out of it before: what comes later is one with those. */
  readonly before: Decision | null;
}

/** Examines a dropped folder file by file: each is decided as the worst of them, so that each can be moved by itself. */
export async function examineDropped(
  folder: Unit,
  pool: Workers,
  { judge: judgement, ours, alone = false, recall, before }: DroppedOptions,
): Promise<Dropped> {
  const files: DroppedFile[] = [];
  const verdict = new FolderVerdict(folder.display);
  let decision: Decision = before ?? 'auto_approve';
  let provisional = false;
  let awaits = true;
  for await (const met of filesOf(folder.path, { ours })) {
    if (met.type === 'skipped') continue;
    if (met.type === 'unreadable') return { type: 'whole' };
    const examined = await examineUnit(met, pool, { alone });
    if (examined === null) return { type: 'ended' };
    awaits &&= awaitsEngines(examined, judgement);
    const basis = basisOf(examined);
    const identities = met.type === 'set' ? met.parts.map((part) => part.identity) : [met.identity];
    for (const [index, { path, result: judged, assessment }] of judge(examined, judgement).entries()) {
      const identity = identities[index];
      if (path === null || identity === undefined) continue;
      const { result, remembered } = await recall(judged);
      if (remembered === null) verdict.add({ result, assessment });
      const unit = { display: result.path, kind: 'file', files: 1, volumes: false } as const;
      const own = { ...basis, files: basis.files.slice(index, index + 1), unit };
      files.push({ path, identity, assessment, result, remembered, basis: own });
      decision = harsher(decision, result.decision);
      provisional ||= result.provisional;
    }
  }
  const attack = verdict.close(judgement, folder.path);
  decision = harsher(decision, attack?.assessment.decision ?? 'auto_approve');
  const after = await unitAt(folder.path, { kind: 'dropped', ours });
  const [first] = files;
  if (after === null || !isSameFile(after.identity, folder.identity) || first === undefined) {
    return { type: 'changed' };
  }
  const worst = files.find(({ result }) => result.decision === decision)?.result;
  const because =
    worst === undefined
      ? (attack?.assessment.reasons.join('; ') ?? `files of this folder were decided before: ${decision}`)
      : `one folder together with ${worst.path}, of which this was decided`;
  const sum = harshened(worst ?? attack?.result ?? first.result, decision, because);
  return {
    type: 'files',
    provisional,
    awaits_engines: awaits,
    result: { ...sum, path: folder.display, files: folder.files, size: folder.size, sha256: null },
    files: files.map((file) =>
      file.result.decision === decision
        ? file
        : { ...file, result: harshened(file.result, decision, because), remembered: null },
    ),
  };
}

function harshened(result: FileResult, decision: Decision, because: string): FileResult {
  return result.decision === decision
    ? result
    : { ...result, decision, reasons: [...result.reasons, because] };
}
