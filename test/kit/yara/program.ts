import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../../../src/services/yara-scanner/main.ts');
const START_MS = 20_000;

/** As every service of ours writes it. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [fact: string]: unknown;
}

export interface Program {
  /** Where it listens, as it says itself; null when it ended instead. */
  readonly url: string | null;
  readonly pid: number;
  /** What it wrote to standard error until now. */
  errors(): string;
  /** What it wrote to its log until now. */
  readonly log: readonly LogLine[];
  /** Sends the signal and resolves to the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** The yara-scanner program as a service, on a free port. */
export async function startProgram(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Program> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PORT: '0', YARA_CACHE_DIR: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const exited = once(child, 'exit').then(([code]: (number | null)[]) => code ?? null);
  const late = setTimeout(() => child.kill('SIGKILL'), START_MS);
  const log: LogLine[] = [];
  const listening = new Promise<string>((resolve) => {
    createInterface(child.stdout).on('line', (text) => {
      const line: LogLine = JSON.parse(text);
      log.push(line);
      if (line.msg === 'listening') resolve(String(line['url']));
    });
  });
  const url = await Promise.race([listening, exited.then(() => null)]);
  clearTimeout(late);
  return {
    url,
    pid: child.pid ?? 0,
    errors: () => errors,
    log,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
}
