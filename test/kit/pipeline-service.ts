import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStoreForReading, type Store, type WatchedFile } from '../../src/store/index.ts';
import { compiledRules } from './compiled-rules.ts';
import { MARKER } from './marker.ts';
import { programPath } from './program.ts';

const MAIN = programPath('services/pipeline/main');
const DEADLINE_MS = 120_000;
const POLL_MS = 50;

/** One line of the service's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  /** Where it listens: of the line that says that it watches. */
  readonly address?: string;
  readonly untrusted?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** The folders of one installation, with rules that know the marker, and no clamd unless one is given. */
export interface Installation {
  readonly root: string;
  readonly incoming: string;
  readonly quarantine: string;
  readonly review: string;
  readonly approved: string;
  readonly data: string;
  readonly rules: string;
  readonly env: Record<string, string>;
  /** Writes a file below the watched folder. */
  put(name: string, content?: string | Buffer): string;
  remove(): void;
}

/** Content that the rule of an installation calls malicious. */
export function infected(more = ''): string {
  return `some text ${MARKER} ${more}`;
}

export function newInstallation(env: Readonly<Record<string, string>> = {}): Installation {
  const root = mkdtempSync(join(tmpdir(), 'backuplens-service-'));
  const at = (name: string): string => join(root, name);
  for (const name of ['incoming', 'rules', 'tmp']) mkdirSync(at(name), { mode: 0o700 });
  writeFileSync(
    join(at('rules'), 'marker.yar'),
    `rule Marker { strings: $a = ${JSON.stringify(MARKER)} condition: $a }\n`,
  );
  return {
    root,
    incoming: at('incoming'),
    quarantine: at('quarantine'),
    review: at('review'),
    approved: at('approved'),
    data: at('data'),
    rules: at('rules'),
    env: {
      INCOMING_DIR: at('incoming'),
      QUARANTINE_DIR: at('quarantine'),
      REVIEW_DIR: at('review'),
      DATA_DIR: at('data'),
      YARA_RULES_DIR: at('rules'),
      ...compiledRules(),
      TMPDIR: at('tmp'),
      CLAMD_HOST: 'off',
      SCAN_INTERVAL_MS: '150',
      VOLUME_WAIT: '1s',
      SET_WAIT: '1s',
      NUM_WORKERS: '2',
      PORT: '0',
      LOG_LEVEL: 'debug',
      SHUTDOWN_WITHIN: '5s',
      ...env,
    },
    put: (name, content = `content of ${name}`) => {
      const path = join(at('incoming'), name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A running backuplens-pipeline. */
export interface Service {
  readonly process: ChildProcess;
  readonly log: LogLine[];
  readonly stderr: () => string;
  readonly address: () => string;
  /** Lines with this message. */
  said(message: string): LogLine[];
  /** Resolves when it holds; fails, with the end of the log, after two minutes or when the service ends. */
  until(holds: () => boolean | Promise<boolean>, what: string): Promise<void>;
  get(path: string): Promise<{ readonly status: number; readonly body: string }>;
  /** The value of one series of /metrics; 0 when it is not there. */
  metric(series: string): Promise<number>;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
  stop(): Promise<number | string | null>;
  kill(): Promise<void>;
}

/** Starts it without waiting for anything. */
export function launchService(env: Readonly<Record<string, string>>, cwd?: string): Service {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, ['--max-semi-space-size=2', '--heap-growing-percent=25', MAIN], {
    env: { PATH, HOME, ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  let rest = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) log.push(JSON.parse(line));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  let over: number | string | null = null;
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('close', (code, signal) => {
      over = signal ?? code ?? 'gone';
      resolve(over);
    });
  });
  const said = (message: string): LogLine[] => log.filter(({ msg }) => msg === message);
  const tail = (): string =>
    `${log
      .slice(-15)
      .map((line) => JSON.stringify(line))
      .join('\n')}\n${stderr}`;
  const until = async (holds: () => boolean | Promise<boolean>, what: string): Promise<void> => {
    const deadline = performance.now() + DEADLINE_MS;
    while (!(await holds())) {
      if (over !== null) throw new Error(`the service ended (${over}) before ${what}\n${tail()}`);
      if (performance.now() > deadline) throw new Error(`${what} did not come\n${tail()}`);
      await sleep(POLL_MS);
    }
  };
  const address = (): string => said('watching')[0]?.address ?? '';
  const get = async (path: string): Promise<{ status: number; body: string }> => {
    const reply = await fetch(address() + path, { signal: AbortSignal.timeout(20_000) });
    // oxlint-disable-next-line house/no-unbounded-read -- our own service
    return { status: reply.status, body: await reply.text() };
  };
  return {
    process: child,
    log,
    stderr: () => stderr,
    address,
    said,
    until,
    get,
    metric: async (series) => {
      const { body } = await get('/metrics');
      const line = body.split('\n').find((one) => one.startsWith(`${series} `));
      return Number(line?.slice(series.length + 1) ?? 0);
    },
    ended,
    stop: async () => {
      child.kill('SIGTERM');
      return ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Starts it, and waits until it watches. */
export async function startService(env: Readonly<Record<string, string>>, cwd?: string): Promise<Service> {
  const service = launchService(env, cwd);
  await service.until(() => service.said('watching').length > 0, 'the start');
  return service;
}

/** Looks into the store beside a running service. */
export async function inStore<T>(
  { data }: Pick<Installation, 'data'>,
  look: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await openStoreForReading({ dataDir: data });
  try {
    return await look(store);
  } finally {
    await store.close();
  }
}

/** Every row of the store. */
export async function allFiles(installation: Pick<Installation, 'data'>): Promise<WatchedFile[]> {
  return inStore(installation, async (store) => {
    const all: WatchedFile[] = [];
    for (;;) {
      const after = all.at(-1)?.id;
      const page = await store.files.list({ limit: 500, ...(after === undefined ? {} : { after }) });
      all.push(...page);
      if (page.length < 500) return all;
    }
  });
}
