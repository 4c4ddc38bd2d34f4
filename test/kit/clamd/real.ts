import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClamdAddress } from '../../../src/analyze/clamav/index.ts';

/** Debian's package puts it here; other systems elsewhere on the PATH. */
const PLACES = ['/usr/sbin/clamd', '/usr/local/sbin/clamd', '/usr/bin/clamd', '/opt/homebrew/sbin/clamd'];
const START_MS = 30_000;
const STOP_MS = 10_000;

/** One line of a database. `text` and `hex` are found anywhere; `file` is known by MD5 and size. */
export type Signature =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly hex: string }
  | { readonly name: string; readonly file: Buffer }
  | { readonly name: string; readonly md5: string; readonly size: number };

export interface ClamdOptions {
  readonly signatures: readonly Signature[];
  /** Lines of clamd.conf, such as `{ StreamMaxLength: '1M', AlertExceedsMax: true }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

/** A clamd of the tests' own. */
export interface RealClamd {
  readonly tcp: ClamdAddress & { readonly kind: 'tcp' };
  readonly unix: ClamdAddress & { readonly kind: 'unix' };
  /** Of its clamd.conf, for clamdscan. */
  readonly configFile: string;
  readonly databaseFolder: string;
  pid(): number;
  /** Bytes resident, now. */
  residentBytes(): Promise<number>;
  /** User and system time used so far, in seconds. */
  cpuSeconds(): Promise<number>;
  /** Ends the daemon only (SIGKILL): its folder and addresses stay. */
  kill(): Promise<void>;
  /** Starts it again on the same addresses. */
  start(): Promise<void>;
  /** Ends the daemon and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a clamd with its own database, folder, socket and port on 127.0.0.1, and waits until it answers. */
export async function startClamd(options: ClamdOptions): Promise<RealClamd> {
  const program = PLACES.find((place) => existsSync(place));
  if (program === undefined) throw new Error('clamd is not installed: apt-get install clamav-daemon');
  const folder = await mkdtemp(join(tmpdir(), 'backuplens-clamd-'));
  const port = await freePort();
  const socketPath = join(folder, 'clamd.sock');
  const configFile = join(folder, 'clamd.conf');
  const databaseFolder = join(folder, 'db');
  await mkdir(databaseFolder);
  await mkdir(join(folder, 'tmp'));
  await writeDatabase(databaseFolder, options.signatures);
  const settings = {
    DatabaseDirectory: databaseFolder,
    TemporaryDirectory: join(folder, 'tmp'),
    LocalSocket: socketPath,
    TCPSocket: port,
    TCPAddr: '127.0.0.1',
    Foreground: true,
    // ATTACKS A4: its cache of clean files is keyed by MD5.
    DisableCache: true,
    ...(process.getuid?.() === 0 ? { User: 'root' } : {}),
    ...options.settings,
  };
  await writeFile(configFile, Object.entries(settings).map(configLine).join(''));

  let child: ChildProcess | null = null;
  const pid = () => {
    if (child?.pid === undefined) throw new Error('this clamd is not running');
    return child.pid;
  };
  const end = async (signal: NodeJS.Signals) => {
    const ended = child;
    child = null;
    if (ended !== null) await endProcess(ended, signal);
  };
  const start = async () => {
    await end('SIGKILL');
    child = spawn(program, ['--foreground', '--config-file', configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await untilItAnswers(child, socketPath);
  };
  const stop = async () => {
    await end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    tcp: { kind: 'tcp', host: '127.0.0.1', port },
    unix: { kind: 'unix', path: socketPath },
    configFile,
    databaseFolder,
    pid,
    residentBytes: async () => {
      const status = await readFile(`/proc/${pid()}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
    },
    cpuSeconds: async () => {
      const fields = (await readFile(`/proc/${pid()}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
      // proc_pid_stat(5): utime and stime are fields 14 and 15, in ticks of 1/100 s.
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    kill: () => end('SIGKILL'),
    start,
    stop,
  };
}

function configLine([key, value]: [string, string | number | boolean]): string {
  return `${key} ${value === true ? 'yes' : value === false ? 'no' : value}\n`;
}

async function writeDatabase(folder: string, signatures: readonly Signature[]): Promise<void> {
  const bodies: string[] = [];
  const hashes: string[] = [];
  for (const signature of signatures) {
    const { name } = signature;
    if ('text' in signature) bodies.push(`${name}:0:*:${Buffer.from(signature.text).toString('hex')}\n`);
    else if ('hex' in signature) bodies.push(`${name}:0:*:${signature.hex}\n`);
    else if ('md5' in signature) hashes.push(`${signature.md5}:${signature.size}:${name}\n`);
    else {
      const md5 = createHash('md5').update(signature.file).digest('hex');
      hashes.push(`${md5}:${signature.file.length}:${name}\n`);
    }
  }
  // clamd refuses an empty database file, and a folder without any.
  if (bodies.length + hashes.length === 0) hashes.push(`${'0'.repeat(32)}:1:Nothing\n`);
  if (bodies.length > 0) await writeFile(join(folder, 'test.ndb'), bodies.join(''));
  if (hashes.length > 0) await writeFile(join(folder, 'test.hdb'), hashes.join(''));
}

async function untilItAnswers(child: ChildProcess, socketPath: string): Promise<void> {
  let said = '';
  const listen = (data: Buffer) => {
    said = (said + data.toString('latin1')).slice(-4000);
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`clamd ended at once:\n${said}`);
    if (await answersPing(socketPath)) return;
    await sleep(50);
  }
  await endProcess(child, 'SIGKILL');
  throw new Error(`clamd did not answer within ${START_MS} ms:\n${said}`);
}

async function answersPing(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ path });
  socket.setTimeout(1000, () => socket.destroy());
  socket.on('connect', () => socket.write('zPING\0'));
  socket.on('data', (data) => resolve(data.toString() === 'PONG\0'));
  socket.on('error', () => resolve(false));
  socket.on('close', () => resolve(false));
  const answered = await promise;
  socket.destroy();
  return answered;
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

/** A port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (bound === null || typeof bound === 'string') throw new Error('no port was bound');
  return bound.port;
}
