/**
 * `npm run test:day [minutes] [seed]`: a day compressed into ten minutes. Files are added, overwritten and taken away at seeded
 * random moments while clamd, the YARA child and now and then the service itself are ended and started again; at the end
 * test/long/reconcile.py, which knows nothing of the program, compares file system, store and journal.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startClamd } from '../clamd/real.ts';
import {
  allFiles,
  infected,
  inStore,
  newInstallation,
  startService,
  type Service,
} from '../pipeline-service.ts';
import { descendants } from '../process-cost.ts';
import { seeded } from '../seeded.ts';
import { filesBelow, sha256 } from '../whereabouts.ts';

const [minutes = 10, seed = 1] = process.argv.slice(2).map(Number);
const SIGNED = ['CLAMD', 'KNOWS', 'THIS', 'TEXT'].join('-');
const SETTLE_MS = 10 * 60_000;

const next = seeded(seed);
const at = newInstallation();
const trash = join(at.root, 'trash');
mkdirSync(trash);
const clamd = await startClamd({ signatures: [{ name: 'Test.Signed', text: SIGNED }] });
const env = {
  ...at.env,
  APPROVED_DIR: at.approved,
  CLAMD_HOST: `unix:${clamd.unix.path}`,
  LOG_LEVEL: 'info',
  SCAN_INTERVAL_MS: '500',
  QUARANTINE_PER_RULE: '1000000',
};
const manifest: { readonly sha256: string; readonly name: string; readonly infected: boolean }[] = [];
const paths: string[] = [];
const done = { put: 0, overwritten: 0, removed: 0, clamd: 0, yara: 0, service: 0 };
let service = await startService(env);

/** Atomically, as a careful backup program does it: a content is in one place at every moment. */
function put(path: string): void {
  const kind = next();
  const bad = kind < 0.15 ? infected() : kind < 0.3 ? SIGNED : null;
  const content = Buffer.from(
    `${bad ?? 'harmless'} ${manifest.length} ${next()} ${'x'.repeat(Math.floor(next() ** 4 * 2_000_000))}`,
  );
  const draft = join(at.root, 'draft');
  writeFileSync(draft, content);
  takeAway(path);
  mkdirSync(dirname(path), { recursive: true });
  renameSync(draft, path);
  manifest.push({ sha256: sha256(content), name: path, infected: bad !== null });
}

/** False when it was not there any more. */
function takeAway(path: string): boolean {
  try {
    renameSync(path, join(trash, `${manifest.length}-${done.removed++}`));
    return true;
  } catch {
    return false; // The service has it.
  }
}

function killYara(of: Service): void {
  for (const pid of descendants(of.process.pid ?? 0)) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('services/yara-scanner/main'))
        process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

async function churn(): Promise<void> {
  const dice = next();
  const known = paths[Math.floor(next() * paths.length)];
  if (dice < 0.75 || known === undefined) {
    const path = join(at.incoming, ['', 'a', 'b/c'][Math.floor(next() * 3)] ?? '', `file-${done.put++}`);
    paths.push(path);
    put(path);
  } else if (dice < 0.88) {
    put(known);
    done.overwritten++;
  } else if (dice < 0.97) takeAway(known);
  else if (dice < 0.98) {
    await clamd.kill();
    await sleep(next() * 5000);
    await clamd.start();
    done.clamd++;
  } else if (dice < 0.99) {
    killYara(service);
    done.yara++;
  } else {
    if (next() < 0.5) await service.kill();
    else await service.stop();
    service = await startService(env);
    done.service++;
  }
}

/** True when nothing is left to be done. */
async function settled(): Promise<boolean> {
  const counts = await inStore(at, async (store) => store.counts());
  const open = ['waiting', 'scanning', 'decided', 'disposition_pending', 'provisional'] as const;
  if (open.some((state) => counts.files[state] > 0) || counts.unfinished_dispositions > 0) return false;
  const rows = await allFiles(at);
  const inPlace = new Set(
    rows
      .filter(({ state }) => state === 'held' || state === 'in_place')
      .map(({ path }) => Buffer.from(path).toString()),
  );
  return filesBelow(at.incoming).every((path) => inPlace.has(path));
}

let code: number | null = 1;
try {
  const until = performance.now() + minutes * 60_000;
  while (performance.now() < until) {
    await churn();
    await sleep(next() * 400);
  }
  const deadline = performance.now() + SETTLE_MS;
  while (!(await settled()) && performance.now() < deadline) await sleep(1000);
  await service.stop();
  const list = join(at.root, 'manifest.json');
  writeFileSync(list, JSON.stringify(manifest));
  console.log(`seed ${seed}, ${minutes} minutes: ${JSON.stringify(done)}`);
  const script = join(import.meta.dirname, '../../long/reconcile.py');
  code = spawnSync('python3', [script, at.root, list], { stdio: ['ignore', 'inherit', 'inherit'] }).status;
} finally {
  await service.kill();
  await clamd.stop();
  if (code === 0) at.remove();
  else console.log(`left for whoever looks into it: ${at.root}`);
}
process.exitCode = code ?? 1;
