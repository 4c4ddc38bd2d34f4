import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Scratch } from '../bytes/index.ts';
import { probeYaraSocket, yaraAway } from '../analyze/yara/index.ts';
import { BackupLensError, programFile, type YaraState } from '../domain/index.ts';

export interface YaraChildOptions {
  readonly rulesDirs: readonly string[];
  /** Engine processes; by default two, or one on a machine with one core. */
  readonly engines?: number;
  readonly scanTimeoutMs?: number;
  /** Where compiled rules are kept; none: they are compiled again. */
  readonly cacheFolder?: string;
}

/** The yara-scanner program as a child of this process: ours to watch and to end. */
export interface YaraChild {
  readonly socketPath: string;
  /** What reports say of it, as it is now. */
  state(): Promise<YaraState>;
  /** The front and its engines; changes when an engine is replaced. */
  pids(): readonly number[];
  close(): Promise<void>;
}

const PROGRAM = programFile('services/yara-scanner/main');
const LISTEN_MS = 10_000;
/** The largest public collections take 20 seconds; the program gives up after 120 by itself. */
const COMPILE_MS = 150_000;
const CLOSE_MS = 5000;
const MAX_LINE_CHARS = 64 * 1024;

/**
 * Starts it and resolves when the rules are compiled. Throws BL_RULES for a folder that cannot be read, BL_INTERNAL
 * when the program does not start. `folder` of its socket (`yara`) is removed with it.
 */
export async function startYaraChild(
  options: YaraChildOptions,
  folder: Scratch = Scratch.createForSockets(),
): Promise<YaraChild> {
  const child = new Child(join(folder.path, 'yara'), options, folder);
  try {
    await child.listening();
    await child.compiled();
    return child;
  } catch (error) {
    await child.close();
    throw error;
  }
}

class Child implements YaraChild {
  readonly socketPath: string;
  readonly #folder: Scratch;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  #alive = true;
  #closing = false;
  #pids: readonly number[] = [];
  #line = '';
  #onTold: (what: Told) => void = () => {};
  readonly #told: Promise<Told>;
  /** Who knows it, on the socket, is the process that we started. */
  readonly #secret = randomBytes(16).toString('hex');

  constructor(
    socketPath: string,
    { rulesDirs, engines, scanTimeoutMs, cacheFolder }: YaraChildOptions,
    folder: Scratch,
  ) {
    this.socketPath = socketPath;
    this.#folder = folder;
    this.#told = new Promise((resolve) => (this.#onTold = resolve));
    this.#process = spawn(
      process.execPath,
      [
        ...FRONT_FLAGS,
        fileURLToPath(PROGRAM),
        `--socket=${socketPath}`,
        ...rulesDirs.map((dir) => `--rules=${dir}`),
        ...(engines === undefined ? [] : [`--engines=${engines}`]),
        ...(cacheFolder === undefined ? [] : [`--cache=${cacheFolder}`]),
        ...(scanTimeoutMs === undefined ? [] : [`--scan-timeout-ms=${scanTimeoutMs}`]),
      ],
      // In a session of its own: Ctrl-C in a terminal is for its parent, who ends it in order.
      { env: {}, stdio: ['pipe', 'pipe', 'ignore'], detached: true },
    );
    this.#process.stdin?.on('error', () => {});
    this.#process.stdin?.write(`${this.#secret}\n`);
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.#exited = new Promise((resolve) => {
      const ended = (): void => {
        this.#alive = false;
        this.#pids = [];
        this.#onTold({ refused: 'it ended before it listened', hint: null });
        resolve();
      };
      this.#process.once('error', ended);
      this.#process.once('exit', ended);
    });
  }

  async listening(): Promise<void> {
    const late = deadline(LISTEN_MS);
    const told = await Promise.race([this.#told, late.over]);
    late.cancel();
    if (told === null) throw new BackupLensError('BL_INTERNAL', 'the YARA scanner did not start in time');
    if (told.refused === undefined) return;
    if (told.hint === null || told.hint === undefined) {
      throw new BackupLensError('BL_INTERNAL', `the YARA scanner did not start: ${told.refused}`);
    }
    throw new BackupLensError('BL_RULES', told.refused, { hint: told.hint });
  }

  async compiled(): Promise<void> {
    const { status, detail } = await probeYaraSocket(this.socketPath, this.#secret, COMPILE_MS);
    if (status === 'failed')
      throw new BackupLensError('BL_INTERNAL', `the YARA scanner did not start: ${detail}`);
  }

  async state(): Promise<YaraState> {
    if (this.#alive) return probeYaraSocket(this.socketPath, this.#secret);
    return yaraAway('failed', `unix:${this.socketPath}`, this.#closing ? 'it was closed' : 'it died');
  }

  pids(): readonly number[] {
    return this.#pids;
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#alive) {
      // The end of its standard input tells it to finish; its engines end with it.
      this.#process.stdin?.end();
      const late = deadline(CLOSE_MS);
      if ((await Promise.race([this.#exited, late.over])) === null) this.#process.kill('SIGKILL');
      late.cancel();
      await this.#exited;
    }
    await this.#folder.remove();
  }

  /** Lines of JSON; it is our own program, but what it says is bounded all the same. */
  #hear(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS);
    for (const line of lines) {
      const told = toldIn(line);
      if (told === null) continue;
      if (told.pids !== undefined) this.#pids = told.pids;
      else this.#onTold(told);
    }
  }
}

/** What the program writes to its standard output (services/yara-scanner/main.ts). */
interface Told {
  readonly pids?: readonly number[];
  readonly listening?: true;
  readonly refused?: string;
  readonly hint?: string | null;
}

function toldIn(line: string): Told | null {
  try {
    const told: Told = JSON.parse(line);
    return told;
  } catch {
    return null; // Not ours: what matters is asked for again.
  }
}

const FRONT_FLAGS = ['--max-semi-space-size=2', '--disable-warning=ExperimentalWarning'];

function deadline(ms: number): { readonly over: Promise<null>; cancel(): void } {
  const { promise: over, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), ms);
  return { over, cancel: () => clearTimeout(timer) };
}
