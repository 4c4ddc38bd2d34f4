import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The repository. */
export const ROOT = join(import.meta.dirname, '..');

/** A piece of code in one file, and the rules that must fire there: none means that it is allowed. */
interface Planted {
  readonly file: string;
  readonly code: string;
  readonly rules: readonly string[];
}

/** Collects what is planted. A `place` is a folder (a new file is made in it) or the file itself. */
export class Planting {
  readonly all: Planted[] = [];

  /** Must break exactly these rules. */
  breach(rules: string | readonly string[], place: string, code: string): void {
    const file = place.endsWith('.ts') ? place : `${place}/planted-${this.all.length}.ts`;
    this.all.push({ file, code, rules: [rules].flat() });
  }

  /** Must break none. */
  allowed(place: string, code: string): void {
    this.breach([], place, code);
  }

  /** What is wrong, one line each: a rule did not fire where it must, fired where it must not, or is never tried. */
  compare(fired: ReadonlyMap<string, ReadonlySet<string>>, rules: readonly string[]): string[] {
    const wrong = rules
      .filter((rule) => !this.all.some((planted) => planted.rules.includes(rule)))
      .map((rule) => `no breach is planted for ${rule}`);
    for (const planted of this.all) {
      const place = `for: ${planted.code} (in ${planted.file})`;
      const seen = fired.get(planted.file) ?? new Set<string>();
      for (const rule of planted.rules) if (!seen.has(rule)) wrong.push(`${rule} did not fire ${place}`);
      for (const rule of seen)
        if (!planted.rules.includes(rule)) wrong.push(`${rule} must not fire ${place}`);
    }
    return wrong;
  }

  /** How many breaches and how many allowed uses. */
  get figures(): { readonly breaches: number; readonly allowed: number } {
    const breaches = this.all.filter(({ rules }) => rules.length > 0).length;
    return { breaches, allowed: this.all.length - breaches };
  }
}

/** Runs `work` in a folder with the planted files and links to the repository's `shared` entries; removes it after. */
export async function inScratch<T>(
  files: ReadonlyMap<string, string>,
  shared: readonly string[],
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'backuplens-lint-'));
  try {
    for (const entry of shared) await symlink(join(ROOT, entry), join(folder, entry));
    for (const [file, text] of files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text);
    }
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Standard output of a program; checkers end with an exit code other than 0 when they find something. */
export async function outputOf(folder: string, program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 };
    execFile(join(ROOT, 'node_modules/.bin', program), args, options, (error, stdout, stderr) => {
      if (error !== null && stdout === '') reject(new Error(`${program}: ${error.message}\n${stderr}`));
      else resolve(stdout);
    });
  });
}

/** Adds to a map of sets. */
export function note(fired: Map<string, Set<string>>, file: string, rule: string): void {
  const rules = fired.get(file);
  if (rules === undefined) fired.set(file, new Set([rule]));
  else rules.add(rule);
}

/** Prints the result of a self-test and sets the exit code. */
export function conclude(name: string, wrong: readonly string[], summary: string): void {
  for (const line of wrong) console.error(`${name}: ${line}`);
  if (wrong.length > 0) process.exitCode = 1;
  else console.log(`${name}: ${summary}`);
}
