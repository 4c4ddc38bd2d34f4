/**
 * The main job, and the table of contents of the program: what was given is met by intake, examined in the scan
 * workers (identify, unpack, analyze: see scan-root.ts and examine.ts), assessed under the policy, disposed of, and
 * told as events in walk order, whatever the number of workers.
 */
import { basename, resolve } from 'node:path';
import { realpath } from 'node:fs/promises';
import { assess } from '../assess/index.ts';
import { join, Scratch, split } from '../bytes/index.ts';
import type { FileResult } from '../contracts/index.ts';
import { BackupLensError, inWords, type Assessment, type Engines } from '../domain/index.ts';
import { walk, type Met, type PartSet } from '../intake/index.ts';
import { carryOut, identityAt } from './carry-out.ts';
import { RunningEngines } from './engines.ts';
import { fileResult, unexamined } from './file-result.ts';
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

  const running: Running = { ...request, state: engines.state, started_at: startedAt };
  yield { type: 'header', header: headerOf(request, engines.state, startedAt) };
  for await (const events of inOrder(met.all, BOUNDS, (one) => take(one, pool, running, startedAt))) {
    for (const event of events) {
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

/** A request with what was found out when it was begun. */
interface Running extends ScanRequest {
  readonly state: Engines;
  readonly started_at: string;
}

/** One thing that intake met, up to its line in the report. */
async function take(met: Met, pool: WorkerPool, request: Running, asOf: string): Promise<ScanEvent[]> {
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
  request: Running,
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
    events.push(await concluded(display, path, { outcome, assessment }, request));
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

function linesOf(events: readonly ScanEvent[]): number {
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
  request: Running,
  asOf: string,
): Promise<ScanEvent> {
  const assessment = assess(outcome, request.policy, request.baseline, asOf);
  return concluded(display, path, { outcome, assessment }, request);
}

/** The result, after what was decided is recorded and done when it is to be done. */
async function concluded(
  display: string,
  path: Buffer | null,
  { outcome, assessment }: { readonly outcome: TreeOutcome; readonly assessment: Assessment },
  request: Running,
): Promise<ScanEvent> {
  const result = fileResult({ path: display, bytes: path }, outcome, assessment);
  const disposition = path === null ? null : await dispose(path, outcome, result, request);
  return { type: 'result', result: disposition === null ? result : { ...result, disposition }, assessment };
}

/** null: there is nothing to be told of. */
async function dispose(
  given: Buffer,
  { root }: TreeOutcome,
  result: FileResult,
  { apply, version, policy, state, started_at: startedAt }: Running,
): Promise<FileResult['disposition'] | null> {
  if (apply === null) return null;
  const nothingDone = (detail: string): FileResult['disposition'] => {
    return { action: 'failed', location: result.path, id: null, detail };
  };
  try {
    return await apply.inTurn(async (store) => {
      const path = await canonical(given);
      const identity = await identityAt(path);
      if (identity === null) return nothingDone('it is not there any more');
      const { dev, ino } = root.identity ?? identity;
      if (dev !== identity.dev || ino !== identity.ino) {
        return nothingDone('changed since it was scanned: another file stands in its place');
      }
      const file = await store.files.recordAt(
        { path, identity, share: Buffer.alloc(0), lane: 'fresh', never_settled: false },
        {
          started_at: startedAt,
          finished_at: new Date().toISOString(),
          result,
          policy_sha256: policy.sha256,
          tool_version: version,
          engines: state,
        },
      );
      const options = { places: apply.places, who: apply.who, toolVersion: version, breaker: null };
      const done = await carryOut(store, file, options);
      return done.action === 'none' && result.decision === 'auto_approve' ? null : done;
    });
  } catch (error) {
    // The folder it lay in may be gone or closed to us; what keeps us from recording anything ends the run.
    if (error instanceof BackupLensError) throw error;
    return nothingDone(inWords(error));
  }
}

/** The file's own place: every folder on the way a real one. */
async function canonical(given: Buffer): Promise<Buffer> {
  const absolute = given[0] === 0x2f ? given : join(Buffer.from(resolve('.')), given);
  const { folder, name } = split(absolute);
  return join(await realpath(folder, { encoding: 'buffer' }), name);
}
