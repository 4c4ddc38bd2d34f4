// needs: clamav-daemon
// Each engine has a limit of its own: counted at a real clamd and a real yara-scanner while the other one answers nothing.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { eicarTestString } from '../src/analyze/clamav/index.ts';
import { knownScan, type KnownScan } from './kit/cache/known-scan.ts';
import { countedLine, type CountedLine } from './kit/clamd/counted-line.ts';
import { startClamd, type RealClamd } from './kit/clamd/real.ts';
import { tarOf } from './kit/trees.ts';
import { startProgram, type Program } from './kit/yara/program.ts';

// Each starts scan workers, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MIB = 2 ** 20;
const THREADS = 2;
/** Small files under way in one worker at a time (src/pipeline/worker-process.ts). */
const AT_A_TIME = 16;
const FILES = 48;
/** What the files begin with whose streams are counted. */
const MARK = 'what is counted. ';

let engines: string;
let clamd: RealClamd;
let yara: Program;
let root: string;
let line: CountedLine;
beforeAll(async () => {
  engines = mkdtempSync(join(tmpdir(), 'engine-limits-'));
  mkdirSync(join(engines, 'rules'));
  writeFileSync(join(engines, 'rules', 'rules.yar'), 'rule Never { condition: false }\n');
  clamd = await startClamd({
    signatures: [{ name: 'Eicar-Test', text: eicarTestString().toString() }],
    settings: { MaxThreads: THREADS, MaxQueue: 10 },
  });
  yara = await startProgram({ YARA_RULES_DIR: join(engines, 'rules'), TMPDIR: engines }, ['--engines=1']);
});
afterAll(async () => {
  await yara.stop();
  await clamd.stop();
  rmSync(engines, { recursive: true });
});
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'engine-limits-scan-'));
  mkdirSync(join(root, 'in'));
  line = await countedLine(join(root, 'line.sock'), clamd.unix.path, MARK);
});
afterEach(async () => {
  await line.close();
  rmSync(root, { recursive: true });
});

function fill(): void {
  for (let n = 0; n < FILES; n++)
    writeFileSync(join(root, 'in', `small-${n}.txt`), `${MARK}${n} `.repeat(50));
}

async function scanned(workers: number): Promise<KnownScan> {
  const daemon = { address: line.address, conf: clamd.configFile };
  return knownScan({ root, clamd: daemon, yara: yara.url ?? '', workers });
}

/** Scans that the yara-scanner has answered since it started. */
async function answeredByYara(): Promise<number> {
  const metrics = await (await fetch(`${yara.url}/metrics`)).text();
  return Number(/^backuplens_scan_duration_seconds_count\S* (\d+)/m.exec(metrics)?.[1] ?? 0);
}

/** Polls until it is so; whoever never comes so far fails by the test's own deadline. */
async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await met())) await sleep(20);
}

test('clamd never has more streams to judge than it has threads, and YARA goes on while it answers none', async () => {
  fill();
  for (const workers of [1, 2]) {
    const before = { yara: await answeredByYara(), begun: line.counts.begun };
    line.hold();
    const scan = scanned(workers);
    // All that is under way is through YARA, of which clamd has been sent no more than it can judge at a time.
    await until(async () => (await answeredByYara()) - before.yara >= AT_A_TIME);
    await until(() => line.counts.begun - before.begun >= THREADS);
    expect(line.counts.begun - before.begun).toBe(THREADS);
    line.release();
    const { results, summary } = await scan;
    expect(summary.gaps).toBe(0);
    expect(results).toHaveLength(FILES);
    expect(line.counts.most).toBe(THREADS);
    rmSync(join(root, 'cache'), { recursive: true });
  }
});

test('clamd goes on while YARA answers nothing', async () => {
  fill();
  const before = await answeredByYara();
  line.hold();
  const scan = scanned(1);
  await until(async () => (await answeredByYara()) - before >= AT_A_TIME);
  // As many as are under way wait for clamd now; of all that follow, YARA answers none.
  process.kill(yara.pid, 'SIGSTOP');
  try {
    line.release();
    await until(() => line.counts.answered >= 2 * AT_A_TIME);
  } finally {
    process.kill(yara.pid, 'SIGCONT');
  }
  const { results, summary } = await scan;
  expect([results.length, summary.gaps]).toEqual([FILES, 0]);
  expect(line.counts.most).toBeLessThanOrEqual(THREADS);
});

test('small files are examined to the last one while large archives wait for clamd', async () => {
  for (let n = 0; n < 3; n++) {
    const members = { 'large.txt': Buffer.alloc(2 * MIB, `archive ${n}, a large text. `) };
    writeFileSync(join(root, 'in', `archive-${n}.tar`), await tarOf(members));
  }
  fill();
  line.hold(MIB);
  const scan = scanned(2);
  await until(() => line.counts.answered === FILES);
  line.release();
  const { results, summary } = await scan;
  expect([results.length, summary.gaps]).toEqual([FILES + 3, 0]);
});
