/**
 * A scan worker: a process of its own with an empty environment, which reads backups and talks to engines, so that a
 * parser that is taken over or grows without bound reaches neither keys nor the other workers (DESIGN 6). It is
 * started by worker-process.ts and ends when its parent is gone.
 */
import { openAnalyzers } from '../analyze/index.ts';
import { Scratch } from '../bytes/index.ts';
import { AskedBefore } from './asked-before.ts';
import { GatheredMessages } from './gathered-messages.ts';
import { Identifier } from '../identify/index.ts';
import type { FromWorker, Job, Look, ToWorker, WorkerSetup } from './protocol.ts';
import { lookAtFile, scanStream, type RootContext } from './scan-root.ts';
import { scanSet } from './scan-set.ts';
import { Meter } from './stats/meter.ts';
import { Sampler } from './stats/sampler.ts';

const ALIVE_INTERVAL_MS = 500;

const messages = new GatheredMessages<FromWorker>((all) => {
  if (process.connected) process.send?.(all);
});
const tell = (message: FromWorker): void => messages.add(message);

const identifier = await Identifier.create();
let context: Context | null = null;
const before = new AskedBefore(tell);
let bytes = 0;
let artifacts = 0;
/** Where somebody will ask. */
let sampler: Promise<Sampler> | null = null;
let meter: Meter | null = null;

interface Context extends Omit<RootContext, 'seen'> {
  /** Files that are examined with it. */
  busy: number;
}

function open(setup: WorkerSetup): Context {
  const { limits, passwords } = setup;
  before.heed(setup.verdicts ?? null);
  const scratch = Scratch.adopt(setup.scratch);
  if (setup.stats === true) {
    sampler ??= Sampler.start();
    meter ??= new Meter();
  }
  return {
    busy: 0,
    identifier,
    analyzers: openAnalyzers({ ...setup, scratch }),
    limits,
    scratch,
    passwords,
    meter,
    progress: (more) => {
      bytes += more;
    },
  };
}

async function scan(job: Job, shared: Omit<RootContext, 'seen'>): Promise<void> {
  const look = job.look ?? NOTHING_KNOWN;
  const asked = before.forJob(look.fresh);
  const root: RootContext = {
    ...shared,
    ...(asked === null ? {} : { before: asked }),
    seen: (seen) => tell({ type: 'seen', id: job.id, seen }),
  };
  if (job.path !== null && job.rest !== undefined) {
    const { outcome, set } = await scanSet({ path: job.path, name: job.name }, job.rest, root);
    for (const { coverage } of [outcome, ...set.rest, ...(set.joined === null ? [] : [set.joined])]) {
      artifacts += coverage.artifacts;
    }
    before.tell();
    tell({ type: 'done', id: job.id, outcome, set });
    return;
  }
  const scanned =
    job.path === null
      ? { type: 'done' as const, outcome: await scanStream(process.stdin, job.name, root) }
      : await lookAtFile(Buffer.from(job.path), job.name, root, look);
  artifacts += scanned.type === 'same' ? 1 : scanned.outcome.coverage.artifacts;
  before.tell();
  tell({ ...scanned, id: job.id });
}

const NOTHING_KNOWN: Look = { known: [], hash_first: false, fresh: false, stamp: false };

/** Closes what an older setup opened, once no file needs it. */
function retire(old: Context): void {
  if (old === context || old.busy > 0) return;
  for (const analyzer of old.analyzers) void analyzer.close();
}

async function work(job: Job, shared: Context): Promise<void> {
  shared.busy++;
  await scan(job, shared);
  shared.busy--;
  retire(shared);
}

async function tellStats({ scratch, analyzers }: Context): Promise<void> {
  if (sampler === null || meter === null) return;
  const spent = (await sampler).stop();
  const yara_read_bytes = analyzers.reduce((sum, one) => sum + (one.readElsewhere?.() ?? 0), 0);
  const metered = meter.close({ yara_read_bytes, scratch_files: scratch.made });
  tell({ type: 'stats', stats: { spent, metered } });
}

// An unexpected exception ends the process: the parent then scans what was in it once more, alone.
process.on('message', (told: readonly ToWorker[]) => {
  for (const message of told) hear(message);
});
function hear(message: ToWorker): void {
  if (message.type === 'setup') {
    const old = context;
    context = open(message);
    if (old !== null) retire(old);
  } else if (message.type === 'known') before.hear(message.id, message.outcomes);
  else if (message.type === 'known_size') before.hear(message.id, message.known);
  else if (context === null) return;
  else if (message.type === 'stats') void tellStats(context);
  else void work(message, context);
}
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => undefined); // Ctrl-C goes to the whole group; the parent decides.
setInterval(() => tell({ type: 'alive', bytes, artifacts }), ALIVE_INTERVAL_MS);
tell({ type: 'ready' });
