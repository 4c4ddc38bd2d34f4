import { spawn, type ChildProcess } from 'node:child_process';
import type { z } from 'zod';
import type { report } from '../../src/contracts/index.ts';
import { programPath } from './program.ts';

const MAIN = programPath('cli/main');
const DEADLINE_MS = 120_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes for standard input; without it, it is closed. */
  readonly stdin?: Buffer;
  /** In ms; two minutes. */
  readonly deadlineMs?: number;
}

/** The program as a user starts it, from its sources; its environment holds only PATH, HOME and what is given. */
export function startCli(args: readonly string[], options: CliOptions = {}): ChildProcess {
  const { PATH, HOME, TMPDIR } = process.env;
  const env = {
    PATH,
    HOME,
    YARA_CACHE_DIR: 'off',
    VERDICT_CACHE: 'off',
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
    NO_COLOR: '1',
    ...options.env,
  };
  return spawn(process.execPath, [MAIN, ...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Waits until a started program has ended. One that takes longer (ms; two minutes) is ended and fails the test. */
export async function ended(child: ChildProcess, deadlineMs = DEADLINE_MS): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const deadline = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  const code = await new Promise<number | null>((resolve) =>
    child.once('close', (status) => resolve(status)),
  );
  clearTimeout(deadline);
  return { code, stdout, stderr };
}

/** Runs the program to its end. */
export async function cli(args: readonly string[], options: CliOptions = {}): Promise<Ended> {
  const child = startCli(args, options);
  child.stdin?.on('error', () => undefined); // It may end without reading all of it.
  child.stdin?.end(options.stdin);
  return ended(child, options.deadlineMs);
}

export type Report = z.infer<typeof report>;
export type Result = Report['results'][number];

/** Runs `scan --format json` and reads its report. */
export async function scanJson(
  args: readonly string[],
  options: CliOptions = {},
): Promise<Ended & { readonly report: Report }> {
  const run = await cli(['scan', '--format', 'json', ...args], options);
  try {
    const parsed: Report = JSON.parse(run.stdout);
    return { ...run, report: parsed };
  } catch (cause) {
    throw new Error(`no report (exit code ${run.code}): ${run.stderr}${run.stdout.slice(0, 2000)}`, {
      cause,
    });
  }
}

/** One line a result: decision, and what was found or missed, with the trail below the file. */
export function outline(result: Result): string {
  const findings = result.findings.map(({ kind, rule, trail }) =>
    [kind, rule, ...trail.slice(1)].join(' › '),
  );
  const gaps = result.gaps.map(({ by, reason, trail }) =>
    [`gap ${reason} (${by})`, ...trail.slice(1)].join(' › '),
  );
  return `${result.decision} ${result.path}: ${[...findings, ...gaps].join('; ') || 'nothing'}`;
}
