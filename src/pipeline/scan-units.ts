import type { FileResult } from '../contracts/index.ts';
import {
  isSameFile,
  unitAt,
  unitOf,
  type FileMet,
  type Met,
  type PartSet,
  type Unit,
} from '../intake/index.ts';
import { canonical, dispositionOf, notDone, recorded, type Applying, type Running } from './apply-scan.ts';
import { identityAt } from './carry-out.ts';
import { examineDropped, MAX_DROPPED_FILES } from './examine-dropped.ts';
import { unexaminedUnit, type ExaminedUnit } from './examine-unit.ts';
import { asOne, examineWhole, shapeOf } from './examine-whole.ts';
import { judge, type JudgedFile } from './judge.ts';
import { recall } from './remembered.ts';
import type { ScanEvent } from './request.ts';
import type { Workers } from './worker-pool.ts';

/* What `scan --apply` does with units of several files: what the service does with them (DESIGN 8). */

const VANISHED = {
  stage: 'intake',
  by: 'intake',
  reason: 'unreadable',
  detail: 'it vanished before it could be examined',
} as const;
/** No other of us is at work while the store is ours. */
const ours = (): boolean => false;

/** A folder that is one unit, up to its line in the report, or those of its files. */
export async function takeFolder(
  { path, display, kind }: Extract<Met, { type: 'unit' }>,
  pool: Workers,
  request: Running,
  asOf: string,
): Promise<ScanEvent[]> {
  const unit = await unitAt(await canonical(path), { kind, ours });
  const judgement = { ...request, as_of: asOf };
  if (unit === null)
    return lines(judge(unexaminedUnit(display, path, VANISHED), judgement), (result) => result);
  const shown = { ...unit, display };
  if (kind === 'dropped' && !unit.whole && unit.files <= MAX_DROPPED_FILES) {
    const events = await takeDropped(shown, pool, request, asOf);
    if (events !== null) return events;
  }
  const examined = await examineWhole(shown, pool);
  if (examined === null || (examined.lost !== null && request.signal.aborted)) return [];
  const judged = judge(examined, judgement);
  const [first] = judged;
  const result = asOne(judged, shapeOf(shown));
  if (first === undefined || result === null) return [];
  const done = await disposeWhole(shown, result, request);
  return [{ type: 'result', result: done, assessment: first.assessment }];
}

/** The volumes of one archive: a line each, and one decision, which moves none of them. */
export async function concludeSet(
  set: PartSet,
  examined: ExaminedUnit,
  request: Applying,
  asOf: string,
): Promise<ScanEvent[]> {
  const judged = judge(examined, { ...request, as_of: asOf });
  const parts: FileMet[] = [];
  for (const part of set.parts) {
    const path = await canonical(part.path).catch(() => part.path);
    const identity = await identityAt(path);
    if (identity === null)
      return lines(judged, (result) => notDone(result, 'a volume of it is not there any more'));
    parts.push({ ...part, path, identity });
  }
  const unit = unitOf({ ...set, parts });
  const together = asOne(judged, shapeOf(unit));
  if (together === null) return [];
  const { decision, reasons, disposition } = await disposeWhole(unit, together, request);
  return lines(judged, (result) => ({
    ...result,
    decision,
    reasons: result.decision === decision ? result.reasons : [...reasons],
    ...(disposition === undefined ? {} : { disposition: { ...disposition, location: result.path } }),
  }));
}

async function disposeWhole(unit: Unit, result: FileResult, request: Running): Promise<FileResult> {
  const { apply } = request;
  if (apply === null) return result;
  return recorded(result, async () =>
    apply.inTurn(async (store) => {
      const now = await unitAt(unit.path, { kind: unit.kind, ours });
      if (now === null || now.kind !== unit.kind || !isSameFile(now.identity, unit.identity)) {
        return notDone(result, 'changed while it was scanned');
      }
      const { path, identity, kind, set } = now;
      const others = set?.parts.slice(1).map((part) => part.path) ?? [];
      const recalled = await recall(store, result);
      return dispositionOf(store, { path, identity, unit: kind, others }, recalled, { ...request, apply });
    }),
  );
}

/** File by file, each decided as the worst of them; null: it is dealt with as a whole. */
async function takeDropped(
  folder: Unit,
  pool: Workers,
  request: Running,
  asOf: string,
): Promise<ScanEvent[] | null> {
  const { apply } = request;
  if (apply === null) return null;
  const dropped = await examineDropped(folder, pool, {
    judge: { ...request, as_of: asOf },
    ours,
    recall: async (result) => apply.inTurn(async (store) => recall(store, result)),
    before: await apply.inTurn(async (store) => store.files.divided(folder.path, folder.identity)),
  });
  if (dropped.type === 'ended') return [];
  if (dropped.type !== 'files') return null;
  const events: ScanEvent[] = [];
  for (const { path, identity, assessment, ...recalled } of dropped.files) {
    const result = await recorded(recalled.result, async () =>
      apply.inTurn(async (store) =>
        dispositionOf(store, { path, identity }, recalled, { ...request, apply }),
      ),
    );
    events.push({ type: 'result', result, assessment });
  }
  return events;
}

function lines(judged: readonly JudgedFile[], of: (result: FileResult) => FileResult): ScanEvent[] {
  return judged.map(({ result, assessment }) => ({ type: 'result', result: of(result), assessment }));
}
