/**
 * The main job, and the table of contents of the program: what was given is met by intake, examined in the scan
 * workers (identify, unpack, analyze: see scan-root.ts and examine.ts), assessed under the policy, disposed of, and
 * told as events in walk order, whatever the number of workers.
 */
import { basename } from 'node:path';
import { assess } from '../assess/index.ts';
import { Scratch } from '../bytes/index.ts';
import type { FileResult } from '../contracts/index.ts';
import { applyDisposition } from '../dispose/index.ts';
import { BackupLensError, type Assessment } from '../domain/index.ts';
import { walk, type Met, type PartSet } from '../intake/index.ts';
import { RunningEngines } from './engines.ts';
import { fileResult, unexamined } from './file-result.ts';
import { Folders } from './folders.ts';
import { footerOf, headerOf } from './frame.ts';
import { inOrder } from './in-order.ts';
import { oneDecision, withJoined } from './one-decision.ts';
import type { TreeOutcome } from './protocol.ts';
import type { ScanEvent, ScanRequest } from './request.ts';
import { withPartGap } from './scan-set.ts';
import { Tally } from './tally.ts';
import { until } from './until.ts';
import { metered, type Watcher } from './watcher.ts';
import { WorkerPool, type PoolOutcome } from './worker-pool.ts';

/**
 * Results that may be ready before an earlier one is, at about 1 KiB each; and how many findings and gaps they may
 * hold together, at about as much each.
 */
const BOUNDS = { window: 4096, weight: 20_000, weigh: linesOf };

/** Throws BackupLensError when the job cannot be done at all; what happens to single files is in the events. */
export async function* scan(
  request: ScanRequest,
  watcher?: Watcher,
): AsyncGenerator<ScanEvent, void, undefined> {
  const startedAt = new Date().toISOString();
  const tally = new Tally();
  const folders = new Folders();
  await using scratch = await Scratch.create(request.scratch_parent);
  await using engines = await RunningEngines.start(request.engines, request.require);
  await using pool = new WorkerPool({
    workers: request.workers,
    setup: { ...request.settings, ...engines.endpoints },
    stdin: request.stdin,
    scratch,
    readable: request.readable,
  });
  const stop = (): void => void pool.close();
  request.signal.addEventListener('abort', stop, { once: true });
  const met = metered(until(request.signal, walk(request.paths, request.walk)));
  watcher?.started({
    state: () => ({ ...met.state(), bytesDone: pool.progress().bytes }),
    pids: () => [...pool.pids(), ...engines.pids()],
  });

  yield { type: 'header', header: headerOf(request, engines.state, startedAt) };
  for await (const events of inOrder(met.all, BOUNDS, (one) => take(one, pool, request, startedAt))) {
    for (const told of events) {
      if (told.type === 'result') folders.count(told);
      const event = told.type === 'folder' ? folders.pass(told, request, startedAt) : told;
      if (event === null) continue;
      tally.count(event);
      yield event;
    }
  }
  const summary = tally.summary(request.signal.aborted);
  yield {
    type: 'footer',
    footer: footerOf(summary, request.signal.aborted ? engines.state : await engines.ask()),
  };
  request.signal.removeEventListener('abort', stop);
}

/** What there is to tell; a folder is judged when everything before it has been told. */
type Told = ScanEvent | Extract<Met, { type: 'folder' }>;

/** One thing that intake met, up to its line in the report. */
async function take(met: Met, pool: WorkerPool, request: ScanRequest, asOf: string): Promise<Told[]> {
  switch (met.type) {
    case 'file':
    case 'stream': {
      const path = met.type === 'file' ? met.path : null;
      const name = basename(met.display);
      const came = await pool.run(path, name, met.type === 'file' ? met.size : Infinity);
      if (came.type === 'lost' && pool.broken !== null) {
        throw new BackupLensError('BL_INTERNAL', `no scan worker can be started: ${pool.broken}`);
      }
      // Interrupted: what was not finished is not reported as if it were; summary.interrupted says so.
      if (came.type === 'lost' && request.signal.aborted) return [];
      const outcome = came.type === 'done' ? came.outcome : lost(name, came);
      const known = met.type === 'file' && met.part !== undefined;
      const whole = known ? withPartGap(outcome, name, met.part) : outcome;
      return [await conclude(met.display, path, whole, request, asOf)];
    }
    case 'set':
      return takeSet(met, pool, request, asOf);
    case 'unreadable': {
      const gap = { stage: 'intake', by: 'intake', reason: 'unreadable', detail: met.message } as const;
      return [await conclude(met.display, met.path, unexamined(gap, basename(met.display)), request, asOf)];
    }
    case 'skipped': {
      const skipped: ScanEvent = {
        type: 'skipped',
        entry: { path: met.display, reason: met.reason },
        outward: met.outward,
      };
      if (!met.outward || !request.policy.strict) return [skipped];
      const detail = 'a link that leads out of what was scanned; its target was not examined';
      const gap = { stage: 'intake', by: 'intake', reason: 'unreadable', detail } as const;
      return [
        skipped,
        await conclude(met.display, null, unexamined(gap, basename(met.display)), request, asOf),
      ];
    }
    case 'folder':
      return [met];
    case 'missing':
      return [{ type: 'error', entry: { path: met.display, code: 'BL_PATH_MISSING', message: met.message } }];
    default:
      return met satisfies never;
  }
}

/** The parts of one archive: all of them are examined before anything is done with one. */
async function takeSet(
  { parts, certain }: PartSet,
  pool: WorkerPool,
  request: ScanRequest,
  asOf: string,
): Promise<ScanEvent[]> {
  const names = parts.map(({ display }) => basename(display));
  const files = parts.map(({ path }, index) => ({ path, name: names[index] ?? '' }));
  const [first, ...others] = files;
  if (first === undefined) return [];
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const came = await pool.run(first.path, first.name, size, { parts: others, certain });
  if (came.type === 'lost' && pool.broken !== null) {
    throw new BackupLensError('BL_INTERNAL', `no scan worker can be started: ${pool.broken}`);
  }
  if (came.type === 'lost' && request.signal.aborted) return [];
  const outcomes = outcomesOf(came, names);
  const assessed = outcomes.map((outcome) => assess(outcome, request.policy, request.baseline, asOf));
  const isOne = came.type === 'lost' || (came.set?.joined ?? null) !== null || certain;
  const decided = isOne ? oneDecision(assessed, names) : assessed;
  const events: ScanEvent[] = [];
  for (const [index, { display, path }] of parts.entries()) {
    const outcome = outcomes[index];
    const assessment = decided[index];
    if (outcome === undefined || assessment === undefined) continue;
    events.push(await carryOut(display, path, { outcome, assessment }, request));
  }
  return events;
}

/** One for each part, in order. */
function outcomesOf(came: PoolOutcome, names: readonly string[]): TreeOutcome[] {
  if (came.type === 'lost') {
    const nothing = { findings: [], gaps: [] };
    return names.map((name, index) => lost(name, index === 0 ? came : { ...came, seen: nothing }));
  }
  const { outcome, set } = came;
  const joined = set?.joined ?? null;
  return [joined === null ? outcome : withJoined(outcome, joined), ...(set?.rest ?? [])];
}

function linesOf(events: readonly Told[]): number {
  return events.reduce(
    (lines, event) =>
      lines + (event.type === 'result' ? event.result.findings.length + event.result.gaps.length : 0),
    0,
  );
}

/** A file whose worker died or hung even when it was alone: what was seen before stands, the rest is a gap. */
function lost(
  name: string,
  { why, seen }: { why: string; seen: Pick<TreeOutcome, 'findings' | 'gaps'> },
): TreeOutcome {
  const nothing = unexamined({ stage: 'pipeline', by: 'worker', reason: 'engine_failed', detail: why }, name);
  return { ...nothing, findings: seen.findings, gaps: [...seen.gaps, ...nothing.gaps] };
}

/** assess, and with `--apply` dispose. */
async function conclude(
  display: string,
  path: Buffer | null,
  outcome: TreeOutcome,
  request: ScanRequest,
  asOf: string,
): Promise<ScanEvent> {
  const assessment = assess(outcome, request.policy, request.baseline, asOf);
  return carryOut(display, path, { outcome, assessment }, request);
}

/** The result, after what was decided is done when it is to be done. */
async function carryOut(
  display: string,
  path: Buffer | null,
  { outcome, assessment }: { readonly outcome: TreeOutcome; readonly assessment: Assessment },
  request: ScanRequest,
): Promise<ScanEvent> {
  const result = fileResult({ path: display, bytes: path }, outcome, assessment);
  const disposition = await dispose(path, outcome, result, request);
  return { type: 'result', result: disposition === null ? result : { ...result, disposition }, assessment };
}

async function dispose(
  path: Buffer | null,
  { root }: TreeOutcome,
  result: FileResult,
  { apply, version }: ScanRequest,
): Promise<FileResult['disposition'] | null> {
  if (apply === null || path === null || result.decision === 'auto_approve') return null;
  if (result.decision === 'manual_review' && apply.reviewDir === null) {
    return {
      action: 'none',
      location: result.path,
      id: null,
      detail: 'left in place: REVIEW_DIR is not set',
    };
  }
  if (root.identity === null || root.size === null || root.sha256 === null) {
    return {
      action: 'none',
      location: result.path,
      id: null,
      detail: 'left in place: it was not read to its end',
    };
  }
  return applyDisposition({
    ...apply,
    path,
    identity: { ...root.identity, size: root.size },
    sha256: root.sha256,
    decision: result.decision,
    report: result,
    toolVersion: version,
    now: new Date(),
  });
}
