import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, startCli, type Ended, type Report, type Result } from '../cli.ts';
import { cpuOf, descendants, memoryOf } from '../process-cost.ts';

const SAMPLE_MS = 100;
/** Longer than any test may take, on a machine however busy. */
const PATIENCE_MS = 15 * 60_000;

export interface Seen extends Ended {
  readonly report: Report;
  readonly result: Result;
  readonly seconds: number;
  /** User and system time of all its processes, in seconds: what it costs, however busy the machine is. */
  readonly cpu: number;
  /** Highest sum over all its processes at one moment, in MiB (PSS). */
  readonly peak: number;
  /** What is in the scratch folder when all is over. */
  readonly left: readonly string[];
  /** What is elsewhere and was not before, or is no more, or has changed. */
  readonly strays: readonly string[];
}

/**
 * A folder with everything that a scan may call its own: working folder, home, scratch. All of it lies deep in it, so that
 * a name that climbs out by some steps still ends up where it is seen.
 */
export class Sandbox {
  readonly folder: string;
  readonly #deep: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'hostile-'));
    this.#deep = join(this.folder, 'a/b/c/d/e');
    for (const name of ['cwd', 'home', 'tmp', 'in', 'workshop']) {
      mkdirSync(join(this.#deep, name), { recursive: true });
    }
  }

  /** For the programs that make the files. */
  get workshop(): string {
    return join(this.#deep, 'workshop');
  }

  /** Scans one file, alone, in the report's JSON. */
  async scan(name: string, bytes: Buffer, args: readonly string[] = []): Promise<Seen> {
    const file = join(this.#deep, 'in', name);
    writeFileSync(file, bytes);
    const before = this.#listing();
    const started = performance.now();
    const run = await this.#run(['scan', '--clamd', 'off', '--format', 'json', ...args, file]);
    const seconds = (performance.now() - started) / 1000;
    const strays = differences(before, this.#listing());
    const left = readdirSync(join(this.#deep, 'tmp'));
    rmSync(file);
    const report: Report = parsed(run);
    const result = report.results[0];
    if (result === undefined) throw new Error(`no result for ${name}: ${run.stderr}`);
    return { ...run, report, result, seconds, left, strays };
  }

  /** The report as a terminal would show it. */
  async text(name: string, bytes: Buffer): Promise<string> {
    const file = join(this.#deep, 'in', name);
    writeFileSync(file, bytes);
    const { stdout, stderr } = await this.#run(['scan', '--clamd', 'off', '--verbose', file]);
    rmSync(file);
    return stdout + stderr;
  }

  async #run(args: readonly string[]): Promise<Ended & Pick<Seen, 'peak' | 'cpu'>> {
    const env = { TMPDIR: join(this.#deep, 'tmp'), HOME: join(this.#deep, 'home') };
    const child = startCli(args, { cwd: join(this.#deep, 'cwd'), env });
    child.stdin?.end();
    let peak = 0;
    let cpu = 0;
    const sampler = setInterval(() => {
      if (child.pid === undefined) return;
      const all = [child.pid, ...descendants(child.pid)];
      peak = Math.max(peak, memoryOf(all).pss);
      cpu = Math.max(cpu, cpuOf(all));
    }, SAMPLE_MS);
    try {
      return { ...(await ended(child, PATIENCE_MS)), peak, cpu };
    } finally {
      clearInterval(sampler);
    }
  }

  #listing(): Map<string, string> {
    const listing = new Map<string, string>();
    for (const name of readdirSync(this.folder, { recursive: true, encoding: 'utf8' })) {
      listing.set(name, contentOf(join(this.folder, name)));
    }
    return listing;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function parsed({ stdout, stderr, code }: Ended): Report {
  try {
    return JSON.parse(stdout);
  } catch (cause) {
    throw new Error(`no report (exit code ${code}): ${stderr}${stdout.slice(0, 2000)}`, { cause });
  }
}

/** Kind, size and time of an entry: enough to see that nobody touched it. */
function contentOf(path: string): string {
  const { mode, size, mtimeMs } = lstatSync(path);
  return `${mode} ${size} ${mtimeMs}`;
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  // Scratch comes and goes: its own folder's time changes, and what is in it is looked at apart.
  return [...names].filter(
    (name) => !/(?:^|\/)tmp(?:\/|$)/.test(name) && before.get(name) !== after.get(name),
  );
}
