/**
 * The main job, and the table of contents of the program: what was given is met by intake, examined in the scan
 * workers (identify, unpack, analyze: see scan-root.ts and examine.ts), assessed under the policy, disposed of, and
 * told as events in walk order, whatever the number of workers.
 */
import { assess } from '../assess/index.ts';
import { Scratch } from '../bytes/index.ts';
import type { FileResult } from '../contracts/index.ts';
import type { Engines } from '../domain/index.ts';
import { walk, type Met } from '../intake/index.ts';
import { identityAt } from './carry-out.ts';
import { canonical, dispositionOf, notDone, recorded, type Running } from './apply-scan.ts';
import { concludeSet, takeFolder } from './scan-units.ts';
import { recall } from './remembered.ts';
import { RunningEngines } from './engines.ts';
import { examineUnit, unexaminedUnit, type ExaminedUnit } from './examine-unit.ts';
import { Folders } from './folders.ts';
import { footerOf, headerOf } from './frame.ts';
import { HashTables } from './hash-sets.ts';
import { inOrder } from './in-order.ts';
import { judge, type JudgedFile } from './judge.ts';
import type { TreeOutcome } from './protocol.ts';
import type { ScanEvent, ScanRequest } from './request.ts';
import { collectStats } from './stats/collect.ts';
import { Sampler } from './stats/sampler.ts';
import { Tally } from './tally.ts';
import { until } from './until.ts';
import { cacheSummary, keptBy, KnownFirst, openBook, openCache } from './verdicts/index.ts';
import { metered, type Watcher } from './watcher.ts';
import { automaticWorkers, thisMachine } from './worker-count.ts';
import { WorkerPool, type Workers } from './worker-pool.ts';

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
  const sampler = request.stats ? await Sampler.start() : null;
  const tally = new Tally();
  const folders = new Folders();
  await Scratch.removeAbandoned(request.scratch_parent);
  await using scratch = await Scratch.create(request.scratch_parent);
  const tables = new HashTables(scratch);
  const hashes = await tables.read(request.hash_sets);
  const lists = hashes === null ? {} : { hash_sets: hashes.endpoint };
  const opened = request.cache === null ? null : await openCache(request.cache);
  await using engines = await RunningEngines.start(
    request.engines,
    request.require,
    opened?.rules?.state ?? null,
  );
  const examined_by = { ...request.settings, ...lists };
  const setup = { ...examined_by, ...engines.endpoints };
  await using book =
    request.cache === null || opened === null
      ? null
      : await openBook(opened, request.cache, {
          engines: async () => engines.now(),
          examined_by: () => examined_by,
          changed: () => pool.renew({ ...setup, ...keptBy(book), stats: request.stats }),
        });
  await using pool = new WorkerPool({
    workers:
      request.workers === 'auto' ? automaticWorkers(thisMachine(), engines.endpoints.clamd) : request.workers,
    setup: { ...setup, ...keptBy(book), stats: request.stats },
    stdin: request.stdin,
    scratch,
    readable: [...request.readable, tables.folder],
    ...(book === null ? {} : { book }),
  });
  const awake = once(async () => {
    await engines.wake();
    await book?.flush();
  });
  const knowing =
    request.cache === null || book === null
      ? null
      : new KnownFirst({
          ...request.cache,
          book,
          pool,
          one_by_one: oneByOne(request, startedAt),
          wake: awake,
        });
  const stop = (): void => void pool.close();
  request.signal.addEventListener('abort', stop, { once: true });
  const known = knowing?.files ?? null;
  const walking = known === null ? request.walk : { ...request.walk, known };
  const met = metered(until(request.signal, walk(request.paths, walking)));
  watcher?.started({
    state: () => ({ ...met.state(), bytesDone: pool.progress().bytes }),
    pids: () => [...pool.pids(), ...engines.pids()],
  });

  const withHashes = (state: Engines): Engines => ({
    ...state,
    ...(hashes === null ? {} : { hash_sets: hashes.state }),
  });
  const state = withHashes(engines.state);
  const running: Running = { ...request, state, started_at: startedAt };
  yield { type: 'header', header: headerOf(request, state, startedAt) };
  for await (const events of inOrder(met.all, BOUNDS, (one) =>
    take(one, knowing ?? pool, running, startedAt),
  )) {
    for (const told of events) {
      if (told.type === 'result') folders.count(told);
      if (told.type === 'unchanged') folders.countPlain(told);
      const event = told.type === 'folder' ? folders.pass(told, request, startedAt) : told;
      if (event === null) continue;
      tally.count(event);
      yield event;
    }
  }
  await book?.flush();
  // What nobody was given anything needs not be asked how it is.
  const after = request.signal.aborted || pool.firstGiven === null ? engines.state : await engines.ask();
  opened?.rules?.keep(after.yara);
  const summary = tally.summary(
    request.signal.aborted,
    knowing === null ? undefined : cacheSummary(knowing.work),
  );
  const footer = footerOf(summary, withHashes(after));
  if (sampler === null) yield { type: 'footer', footer };
  else {
    const workers = await pool.stats();
    const { messages, firstGiven } = pool;
    const own = sampler.stop();
    const startMs = firstGiven ?? own.wall_ms;
    const stats = collectStats({ own, workers, messages, yara: engines.pids(), startMs });
    yield { type: 'footer', footer: { ...footer, stats } };
  }
  request.signal.removeEventListener('abort', stop);
}

/** What there is to tell; a folder is judged when everything before it has been told. */
type Told = ScanEvent | Extract<Met, { type: 'folder' }>;

/** One thing that intake met, up to its line in the report. */
async function take(met: Met, pool: Workers, request: Running, asOf: string): Promise<Told[]> {
  switch (met.type) {
    case 'file':
    case 'set':
    case 'stream': {
      const examined = await examineUnit(met, pool);
      // Interrupted: what was not finished is not reported as if it were; summary.interrupted says so.
      if (examined === null || (examined.lost !== null && request.signal.aborted)) return [];
      const { apply } = request;
      if (met.type !== 'set' || apply === null) return concludeAll(examined, request, asOf);
      return concludeSet(met, examined, { ...request, apply }, asOf);
    }
    case 'unit':
      return takeFolder(met, pool, request, asOf);
    case 'unreadable': {
      const gap = { stage: 'intake', by: 'intake', reason: 'unreadable', detail: met.message } as const;
      return concludeAll(unexaminedUnit(met.display, met.path, gap), request, asOf);
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
      return [skipped, ...(await concludeAll(unexaminedUnit(met.display, null, gap), request, asOf))];
    }
    case 'passed': {
      const { files, bytes, artifacts } = met;
      return [{ type: 'unchanged', folder: met.display, files, bytes, artifacts }];
    }
    case 'folder':
      return [met];
    case 'missing':
      return [{ type: 'error', entry: { path: met.display, code: 'BL_PATH_MISSING', message: met.message } }];
    default:
      return met satisfies never;
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return async () => (done ??= work());
}

/** What there is nothing to be said of may only be counted where the policy approves it. */
function oneByOne({ policy, baseline, one_by_one: many }: ScanRequest, asOf: string): number {
  const { decision, verdict, reasons } = assess(NOTHING_FOUND, policy, baseline, asOf);
  return decision === 'auto_approve' && verdict === 'benign' && reasons.length === 0 ? many : Infinity;
}

const NOTHING_FOUND = {
  findings: [],
  gaps: [],
  coverage: { artifacts: 1, bytes: 1, raw_only: { artifacts: 0, bytes: 0 }, engines: {} },
};

function linesOf(events: readonly Told[]): number {
  return events.reduce(
    (lines, event) =>
      lines + (event.type === 'result' ? event.result.findings.length + event.result.gaps.length : 0),
    0,
  );
}

/** assess, and with `--apply` dispose: all files of a unit are judged before anything is done with one. */
async function concludeAll(unit: ExaminedUnit, request: Running, asOf: string): Promise<ScanEvent[]> {
  const events: ScanEvent[] = [];
  for (const judged of judge(unit, { ...request, as_of: asOf }))
    events.push(await concluded(judged, request));
  return events;
}

/** The result, after what was decided is recorded and done when it is to be done. */
async function concluded(
  { path, outcome, assessment, result }: JudgedFile,
  request: Running,
): Promise<ScanEvent> {
  const disposed = path === null ? null : await dispose(path, outcome, result, request);
  return { type: 'result', result: disposed ?? result, assessment };
}

/** null: there is nothing to be told of. */
async function dispose(
  given: Buffer,
  { root }: TreeOutcome,
  result: FileResult,
  request: Running,
): Promise<FileResult | null> {
  const { apply } = request;
  if (apply === null) return null;
  return recorded(result, async () =>
    apply.inTurn(async (store) => {
      const path = await canonical(given);
      const identity = await identityAt(path);
      if (identity === null) return notDone(result, 'it is not there any more');
      const { dev, ino } = root.identity ?? identity;
      if (dev !== identity.dev || ino !== identity.ino) {
        return notDone(result, 'changed since it was scanned: another file stands in its place');
      }
      return dispositionOf(store, { path, identity }, await recall(store, result), { ...request, apply });
    }),
  );
}
