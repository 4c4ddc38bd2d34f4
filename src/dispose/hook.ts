import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { BackupLensError, inWords } from '../domain/index.ts';

/** A program that is told of each released file. */
export interface Hook {
  /** Absolute: nobody's PATH decides what runs. */
  readonly program: string;
  /** What it gets of our environment, by name; nothing else of it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
}

/**
 * What a hook is told, in its environment as `BACKUPLENS_…`; the path is its only argument, byte by byte, whatever the name.
 */
export interface HookEvent {
  /** The released file; absolute, so that no name can look like an option. */
  readonly path: Buffer;
  readonly sha256: string;
  readonly decision: string;
  /** Of the disposition: the same for every attempt, so that a hook can know a repetition (ATTACKS B12). */
  readonly eventId: string;
}

export interface HookOutcome {
  readonly ok: boolean;
  /** One line for the journal. */
  readonly detail: string;
}

/** The first so many characters of what it said on standard error are enough to know it by. */
const MAX_SAID = 500;
const GRACE_MS = 2000;
/**
 * Node hands arguments on as text. Names that are none go by these two, which have been where they are since before there
 * was Linux: `xargs -0` reads arguments as bytes, `env` sets a variable, and no shell is asked.
 */
const XARGS = '/usr/bin/xargs';
const ENV = '/usr/bin/env';

/** Throws BL_CONFIG for a hook that could not be run. */
export async function assertHook({ program }: Hook): Promise<void> {
  const hint = 'give the absolute path of a program that this user may run';
  if (!isAbsolute(program))
    throw new BackupLensError('BL_CONFIG', `the hook ${program} is no absolute path`, { hint });
  // env(1) would take it for a variable.
  if (program.includes('='))
    throw new BackupLensError('BL_CONFIG', `the hook ${program} has a = in its path`, { hint });
  try {
    await access(program, constants.X_OK);
  } catch (cause) {
    throw new BackupLensError('BL_CONFIG', `the hook ${program} cannot be run: ${inWords(cause)}`, {
      hint,
      cause,
    });
  }
}

/**
 * Runs a hook to its end: without a shell, in a process group of its own, with an environment of exactly what is
 * given here. After its deadline the whole group is ended. Never throws for what the hook does.
 */
export async function runHook(hook: Hook, event: HookEvent): Promise<HookOutcome> {
  if (event.path[0] !== 0x2f || event.path.includes(0))
    return { ok: false, detail: 'no absolute path to tell of' };
  const { promise, resolve } = Promise.withResolvers<HookOutcome>();
  const child = start(hook, event);
  let said = '';
  let isLate = false;
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    if (said.length < MAX_SAID) said = (said + part).slice(0, MAX_SAID);
  });
  const late = setTimeout(() => {
    isLate = true;
    endGroup(child.pid, 'SIGTERM');
  }, hook.deadlineMs);
  const dead = setTimeout(() => endGroup(child.pid, 'SIGKILL'), hook.deadlineMs + GRACE_MS);
  child.once('error', (error) => resolve({ ok: false, detail: `the hook cannot be run: ${inWords(error)}` }));
  child.stdin?.on('error', () => undefined); // It ended before it had read its path: its exit says so.
  child.once('exit', (code, signal) => {
    // What it has started and left behind must not hold on to our pipe, nor live on.
    endGroup(child.pid, 'SIGKILL');
    const ended = isLate ? `took longer than ${hook.deadlineMs} ms` : `ended with ${code ?? signal}`;
    resolve({
      ok: code === 0 && !isLate,
      detail: [`the hook ${ended}`, said.trim()].filter(Boolean).join(': '),
    });
  });
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    clearTimeout(dead);
    child.stderr?.destroy();
  }
}

function start({ program, environment }: Hook, { path, sha256, decision, eventId }: HookEvent): ChildProcess {
  const text = path.toString();
  const isText = Buffer.from(text).equals(path);
  const options = {
    cwd: '/',
    detached: true,
    env: {
      ...environment,
      ...(isText ? { BACKUPLENS_PATH: text } : {}),
      BACKUPLENS_SHA256: sha256,
      BACKUPLENS_DECISION: decision,
      BACKUPLENS_EVENT_ID: eventId,
    },
  };
  if (isText) return spawn(program, [text], { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const child = spawn(XARGS, ['-0', '-x', ENV], { ...options, stdio: ['pipe', 'ignore', 'pipe'] });
  const words = [Buffer.from('BACKUPLENS_PATH='), path, `\0${program}\0`, path, '\0'];
  child.stdin.end(Buffer.concat(words.map((word) => Buffer.from(word))));
  return child;
}

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone, which is what was wanted.
  }
}
