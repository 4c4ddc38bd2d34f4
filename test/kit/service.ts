import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { programPath } from './program.ts';

const START_MS = 20_000;

/** As every service of ours writes it. */
interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [fact: string]: unknown;
}

export interface Service {
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

/** A service, as its users start it; its environment holds nothing but `env`. */
export async function startService(
  name: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Service> {
  const child = spawn(process.execPath, [programPath(`services/${name}/main`), ...args], {
    env: { PORT: '0', ...env },
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
