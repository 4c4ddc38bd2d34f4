import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Analyzer, Outcome } from '../src/analyze/analyzer.ts';
import { yaraAnalyzer } from '../src/analyze/yara/index.ts';
import { Scratch } from '../src/bytes/index.ts';
import { startYaraChild, type YaraChild } from '../src/pipeline/yara-child.ts';
import { examineBytes } from './kit/yara/examine.ts';
import { startProgram } from './kit/yara/program.ts';
import {
  ENDLESS,
  ENDLESS_RULE,
  NEEDLE,
  NEEDLE_RULE,
  ruleFolder,
  type RuleFolder,
} from './kit/yara/rule-folder.ts';

let rules: RuleFolder;
let scratch: Scratch;
const needle = Buffer.from(NEEDLE);
const endless = Buffer.from(ENDLESS);
const harmless = Buffer.alloc(4096);

beforeAll(async () => {
  rules = ruleFolder({ 'needle.yar': NEEDLE_RULE, 'endless.yar': ENDLESS_RULE });
  scratch = await Scratch.create('/tmp');
});
afterAll(async () => {
  await scratch.remove();
  rules.remove();
});

interface Running extends AsyncDisposable {
  readonly child: YaraChild;
  readonly analyzer: Analyzer;
}
async function running(scanTimeoutMs: number): Promise<Running> {
  const child = await startYaraChild({ rulesDirs: [rules.path], engines: 2, scanTimeoutMs });
  const analyzer = yaraAnalyzer({ endpoint: { socket: child.socketPath }, scratch });
  return {
    child,
    analyzer,
    [Symbol.asyncDispose]: async () => {
      await analyzer.close();
      await child.close();
    },
  };
}
const [ok, bad] = [
  { misses: [], inspected_bytes: NEEDLE.length },
  { inspected_bytes: 0, claims: [] },
];

describe('engines that are killed', () => {
  test('50 times under 16 clients cost no answer: each says what was found, or that nobody looked', async () => {
    await using it = await running(10_000);
    const [front] = it.child.pids();
    const over = new AbortController();
    const outcomes: Outcome[] = [];
    const clients = Array.from({ length: 16 }, async () => {
      while (!over.signal.aborted) outcomes.push(await examineBytes(it.analyzer, needle));
    });
    for (let killed = 0; killed < 50; killed++) {
      await expect.poll(() => it.child.pids().length, { timeout: 10_000 }).toBeGreaterThan(1);
      const engine = it.child.pids()[1] ?? 0;
      process.kill(engine, 'SIGKILL');
      const before = outcomes.length;
      await expect.poll(() => it.child.pids().includes(engine), { timeout: 10_000 }).toBe(false);
      await expect.poll(() => outcomes.length, { timeout: 20_000 }).toBeGreaterThan(before + 4);
    }
    over.abort();
    await Promise.all(clients);
    const looked = outcomes.filter(({ inspected_bytes }) => inspected_bytes > 0);
    expect(looked.filter(({ claims }) => claims.length !== 1)).toEqual([]);
    const blind = outcomes.filter(({ inspected_bytes }) => inspected_bytes === 0);
    expect(blind.filter(({ misses }) => misses[0]?.reason !== 'engine_failed')).toEqual([]);
    // Whoever was in a killed engine is asked again.
    expect(blind.length).toBeLessThan(outcomes.length / 100);
    expect(it.child.pids()[0]).toBe(front);
    expect(await it.child.state()).toMatchObject({ status: 'ok', rules: 2 });
    expect(await examineBytes(it.analyzer, needle)).toMatchObject(ok);
  });

  test('with the same artifact twice leave it unexamined, and the next ones are', async () => {
    await using it = await running(60_000);
    const asked = examineBytes(it.analyzer, endless);
    for (let round = 0; round < 2; round++) {
      // Which of the two has it cannot be seen from here: one that is busy uses processor time.
      const busy = await busyOne(it.child);
      process.kill(busy, 'SIGKILL');
    }
    expect(await asked).toMatchObject({
      ...bad,
      misses: [{ reason: 'engine_failed', detail: expect.stringContaining('died on this, twice') }],
    });
    expect(await examineBytes(it.analyzer, needle)).toMatchObject(ok);
  }, 120_000);

  test('are replaced while nobody asks', async () => {
    await using it = await running(10_000);
    const before = it.child.pids();
    for (const engine of before.slice(1)) process.kill(engine, 'SIGKILL');
    await expect.poll(() => it.child.pids().filter((pid) => !before.includes(pid)).length).toBe(2);
    expect(await examineBytes(it.analyzer, needle)).toMatchObject(ok);
  });
});

describe('a scan that does not end', () => {
  test('is timed out by the native engine, while others are answered', async () => {
    await using it = await running(1500);
    const pids = it.child.pids();
    const began = performance.now();
    const slow = examineBytes(it.analyzer, endless);
    let answered = 0;
    const over = new AbortController();
    void slow.finally(() => over.abort());
    while (!over.signal.aborted) {
      expect(await examineBytes(it.analyzer, harmless)).toMatchObject({ misses: [] });
      answered++;
    }
    expect(await slow).toMatchObject({ ...bad, misses: [{ reason: 'timed_out', bytes: ENDLESS.length }] });
    expect(performance.now() - began).toBeLessThan(4000);
    expect(answered).toBeGreaterThan(20);
    expect(it.child.pids()).toEqual(pids);
  });

  test('is ended with its process where the engine has no time-out, and the next scan is done', async () => {
    const program = await startProgram({ YARA_RULES_DIR: rules.path }, [
      '--engine=wasm',
      '--engines=1',
      '--scan-timeout-ms=500',
    ]);
    const analyzer = yaraAnalyzer({ endpoint: { url: program.url ?? '' }, scratch });
    const slow = examineBytes(analyzer, endless);
    const next = examineBytes(analyzer, needle);
    expect(await slow).toMatchObject({ ...bad, misses: [{ reason: 'timed_out' }] });
    expect(await next).toMatchObject(ok);
    await analyzer.close();
    expect(await program.stop()).toBe(0);
  });
});

test('the program and its engines end when whoever started it is gone', async () => {
  const script = `
    import { startYaraChild } from ${JSON.stringify(new URL('../src/pipeline/yara-child.ts', import.meta.url).href)};
    const child = await startYaraChild({ rulesDirs: [${JSON.stringify(rules.path)}] });
    console.log(JSON.stringify([child.socketPath, ...child.pids()]));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(parent.stdout.setEncoding('utf8'), 'data');
  const [socketPath, ...pids]: [string, ...number[]] = JSON.parse(String(line));
  expect(pids).toHaveLength(3);
  parent.kill('SIGKILL');
  await expect.poll(() => pids.filter(isAlive), { timeout: 15_000 }).toEqual([]);
  expect(existsSync(dirname(socketPath))).toBe(false);
});

/** Of processor time. Starting and loading some rules takes a quarter of it, also where others use the machine. */
const BUSY_TICKS = 100;

/** The engine that is in a scan: loading its rules takes none of them a second of processor time. */
async function busyOne(child: YaraChild): Promise<number> {
  const seen = new Map<number, number>();
  const busy = (): number =>
    child
      .pids()
      .slice(1)
      .filter(isAlive)
      .find((pid) => {
        const now = ticks(pid);
        const before = seen.get(pid) ?? now;
        seen.set(pid, before);
        return now - before > BUSY_TICKS;
      }) ?? 0;
  let found = 0;
  await expect.poll(() => (found = busy()), { timeout: 50_000 }).toBeGreaterThan(0);
  return found;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Processor time spent in user mode, in hundredths of a second. */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]);
}
