import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { OutputTail } from './output-tail.ts';
import { RuntimeAway, type Runtime } from './runtime.ts';

/** Between asking it to end and ending it. */
const GRACE_MS = 5000;

/** The freshclam of this machine; null when there is none. `config`: its configuration file, null for its own. */
export function findLocalFreshclam(path: string, config: string | null): Runtime | null {
  const program = path
    .split(delimiter)
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, 'freshclam'))
    .find(isExecutable);
  if (program === undefined) return null;
  const args = ['--stdout', ...(config === null ? [] : [`--config-file=${config}`])];
  return { name: 'freshclam', run: (timeoutMs, signal) => run(program, args, timeoutMs, signal) };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // Not there, or not for us.
  }
}

async function run(
  program: string,
  args: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): ReturnType<Runtime['run']> {
  const tail = new OutputTail();
  // A group of its own, so that what it starts ends with it.
  const child = spawn(program, args, {
    detached: true,
    env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = (how: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, how);
    } catch {
      // It is gone.
    }
  };
  let late = false;
  let kill: NodeJS.Timeout | undefined;
  const stop = (): void => {
    end('SIGTERM');
    kill = setTimeout(() => end('SIGKILL'), GRACE_MS);
  };
  const deadline = setTimeout(() => {
    late = true;
    stop();
  }, timeoutMs);
  signal.addEventListener('abort', stop, { once: true });
  child.stdout.on('data', (chunk: Buffer) => tail.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => tail.push(chunk));
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (late)
      throw new RuntimeAway('timed_out', `freshclam did not end within ${Math.round(timeoutMs / 1000)} s`);
    return { code, output: tail.said() };
  } catch (error) {
    if (error instanceof RuntimeAway) throw error;
    throw new RuntimeAway('failed', `freshclam could not be started: ${String(error)}`);
  } finally {
    clearTimeout(deadline);
    clearTimeout(kill);
    signal.removeEventListener('abort', stop);
  }
}
