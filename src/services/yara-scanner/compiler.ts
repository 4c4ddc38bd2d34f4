import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CompileReport, EngineChoice, EngineKind, RuleFile } from '../../analyze/yara/load-engine.ts';
import { programFile, type RejectedRule } from '../../domain/index.ts';
import { EngineChild } from './engine-child.ts';
import { ANSWER, ASK, MAX_SET_BYTES, MAX_SOURCES_BYTES, type Prepare, type Prepared } from './engine-wire.ts';

/** Rules, compiled: what every engine process is sent. */
export interface CompiledRules {
  readonly engine: EngineKind;
  readonly version: string;
  readonly report: CompileReport;
  readonly set: Buffer;
}

export interface CompileLimits {
  /** For all of it. The largest public collections take 20 seconds. */
  readonly timeoutMs: number;
  /** For one file by itself. */
  readonly fileMs: number;
  /** Resident, of the compile process. The largest public collections take 1.5 GB. */
  readonly memoryBytes: number;
}
const COMPILE_LIMITS: CompileLimits = {
  timeoutMs: 120_000,
  fileMs: 20_000,
  memoryBytes: 3 * 1024 ** 3,
};

/** Files that may end the compiler before it is given up. */
const MAX_BLAMED = 10;
const WATCH_MS = 100;
/** Of the process's report on files, beside the set. */
const MAX_REPORT_BYTES = 64 * 1024 * 1024;
const PAGE_BYTES = 4096;
const PROGRAM = programFile('services/yara-scanner/compile-process');
const FLAGS = ['--max-semi-space-size=4', '--disable-warning=ExperimentalWarning'];

export class CompileFailed extends Error {
  override readonly name = 'CompileFailed';
}

/**
 * Compiles in a process of its own, with a deadline and a limit to its memory. Where all files together make it hang,
 * grow or die, each is compiled by itself, and whichever does so again is left out. Throws CompileFailed.
 */
export async function compile(
  files: readonly RuleFile[],
  engine: EngineChoice,
  limits: CompileLimits = COMPILE_LIMITS,
): Promise<CompiledRules> {
  const first = await attempt(files, { engine, careful: false }, limits);
  if (first.ok) return first.compiled;
  const blamed: RejectedRule[] = [];
  let rest = files;
  for (let last = first; blamed.length <= MAX_BLAMED;) {
    const next = await attempt(rest, { engine, careful: true }, limits);
    if (next.ok) {
      const { report, ...compiled } = next.compiled;
      return { ...compiled, report: { ...report, rejected: [...blamed, ...report.rejected] } };
    }
    last = next;
    const guilty = next.at === null ? undefined : rest[next.at];
    if (guilty === undefined) throw new CompileFailed(`the rules together do not compile: ${last.why}`);
    const message = `compiling it ${last.why}; the file is left out`;
    blamed.push({ file: guilty.file, line: null, column: null, message });
    rest = rest.filter((file) => file !== guilty);
  }
  throw new CompileFailed(`more than ${MAX_BLAMED} rule files make the compiler fail`);
}

type Attempt =
  | { readonly ok: true; readonly compiled: CompiledRules }
  /** `at`: the file that was compiled by itself when it ended. */
  | { readonly ok: false; readonly at: number | null; readonly why: string };

async function attempt(
  files: readonly RuleFile[],
  prepare: Prepare,
  limits: CompileLimits,
): Promise<Attempt> {
  const payload = Buffer.from(JSON.stringify(files));
  if (payload.length > MAX_SOURCES_BYTES) throw new CompileFailed('the rules are too large');
  const running = spawn(process.execPath, [...FLAGS, fileURLToPath(PROGRAM)], {
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  let at: number | null = null;
  let fileSince = performance.now();
  let why = 'made the compiler fail';
  const child = new EngineChild(running, () => clearInterval(watch), {
    maxAnswerBytes: MAX_SET_BYTES + MAX_REPORT_BYTES,
    onProgress: ({ kind, payload: text }) => {
      if (kind !== ANSWER.at) return false;
      at = Number(text.toString());
      fileSince = performance.now();
      return true;
    },
  });
  const began = performance.now();
  const exceeded = (): boolean => {
    const now = performance.now();
    const late = now - began > limits.timeoutMs || (at !== null && now - fileSince > limits.fileMs);
    const large = residentBytes(child.pid) > limits.memoryBytes;
    if (late || large)
      why = late ? 'takes too long' : `takes more than ${limits.memoryBytes / 1024 ** 2} MiB`;
    return late || large;
  };
  const watch = setInterval(() => {
    if (exceeded()) child.kill();
  }, WATCH_MS);
  const answer = await child.ask(ASK.prepare, [payload], Buffer.from(JSON.stringify(prepare)));
  clearInterval(watch);
  if (answer === null) return { ok: false, at, why };
  // The watch sees nothing of what takes less than its interval.
  if (exceeded()) {
    child.kill();
    return { ok: false, at, why };
  }
  child.hangUp();
  const { engine, version, report }: Prepared = JSON.parse(answer.about.toString());
  // A copy: the set is kept, and must not hold on to what it came with.
  return { ok: true, compiled: { engine, version, report, set: Buffer.from(answer.payload) } };
}

/** 0 where there is no /proc, or no process any more. */
function residentBytes(pid: number | null): number {
  const text = Buffer.alloc(128);
  try {
    const fd = openSync(`/proc/${pid}/statm`, 'r');
    try {
      const got = readSync(fd, text, 0, text.length, 0);
      return Number(text.toString('latin1', 0, got).split(' ')[1]) * PAGE_BYTES;
    } finally {
      closeSync(fd);
    }
  } catch {
    // It ended meanwhile, or this is no Linux: then the deadline is the only limit.
    return 0;
  }
}
