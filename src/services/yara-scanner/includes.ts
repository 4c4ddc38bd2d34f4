import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { readSource, type Origin } from '../../analyze/yara/load-engine.ts';
import type { RejectedRule } from '../../domain/index.ts';

/** One file of rules as it was read; `path` is its real one. */
export interface RuleText {
  readonly file: string;
  readonly path: string;
  readonly source: string;
}

export interface Expanded {
  readonly source: string;
  /** null: nothing was included. */
  readonly origins: readonly Origin[] | null;
  readonly problems: readonly RejectedRule[];
  readonly included: readonly RuleText[];
  /** It has no rule of its own and only names other files. */
  readonly isIndex: boolean;
}

const MAX_DEPTH = 16;
/** Of one file with all that it includes. */
const MAX_EXPANDED_CHARS = 16 * 1024 * 1024;

/**
 * Puts included files in the place of their `include`. The compiler must not do that: it would open any path
 * (ATTACKS C6). Each file comes once, so that a circle ends and nothing is declared twice.
 */
export class IncludeResolver {
  readonly #root: string;
  readonly #read: (file: string, path: string) => RuleText | string | null;

  /** `read` gets a real path below the root; a text is what is wrong, null that it was said already. */
  constructor(root: string, read: (file: string, path: string) => RuleText | string | null) {
    this.#root = root;
    this.#read = read;
  }

  expand(text: RuleText): Expanded {
    const { rules, includes } = readSource(text.source);
    if (includes.length === 0) {
      return { source: text.source, origins: null, problems: [], included: [], isIndex: false };
    }
    const expansion = new Expansion(this.#root, this.#read);
    expansion.add(text, 0);
    return { ...expansion.result(), isIndex: rules.length === 0 };
  }
}

class Expansion {
  readonly #root: string;
  readonly #read: (file: string, path: string) => RuleText | string | null;
  readonly #lines: string[] = [''];
  readonly #origins: Origin[] = [];
  readonly #problems: RejectedRule[] = [];
  readonly #seen = new Map<string, RuleText>();
  #chars = 0;

  constructor(root: string, read: (file: string, path: string) => RuleText | string | null) {
    this.#root = root;
    this.#read = read;
  }

  add(text: RuleText, depth: number): void {
    this.#seen.set(text.path, text);
    const { source } = text;
    let at = 0;
    let line = 1;
    this.#origins.push({ from: this.#lines.length, file: text.file, line });
    for (const { start, end, name: path } of readSource(source).includes) {
      line += this.#append(source.slice(at, start));
      const column = start - (source.lastIndexOf('\n', start - 1) + 1);
      this.#include(text, path, { line, column: column + 1 }, depth);
      // What stands behind it stays in its column.
      this.#lines.push(' '.repeat(Math.min(column + end - start, 1000)));
      this.#origins.push({ from: this.#lines.length, file: text.file, line });
      at = end;
    }
    this.#append(source.slice(at));
  }

  result(): Omit<Expanded, 'isIndex'> {
    const included = [...this.#seen.values()].slice(1);
    const source = this.#lines.join('\n');
    return { source, origins: this.#origins, problems: this.#problems, included };
  }

  /** How many lines that were. */
  #append(source: string): number {
    this.#chars += source.length;
    const lines = source.split('\n');
    const last = this.#lines.length - 1;
    this.#lines[last] = (this.#lines[last] ?? '') + (lines[0] ?? '');
    for (const line of lines.slice(1)) this.#lines.push(line);
    return lines.length - 1;
  }

  #include(from: RuleText, path: string, place: { line: number; column: number }, depth: number): void {
    const refuse = (message: string): void => {
      this.#problems.push({ file: from.file, ...place, message: `include: ${message}` });
    };
    if (depth >= MAX_DEPTH) return refuse(`more than ${MAX_DEPTH} deep`);
    const real = this.#resolve(dirname(from.path), path);
    // Whether something is there, outside, is nobody's business.
    const asked = real ?? resolve(dirname(from.path), path);
    if (!asked.startsWith(this.#root + sep)) return refuse('it leads out of the rules folder');
    if (real === null) return refuse('no such file');
    if (this.#seen.has(real)) return;
    const text = this.#read(relative(this.#root, real), real);
    if (text === null) return;
    if (typeof text === 'string') return refuse(text);
    if (this.#chars + text.source.length > MAX_EXPANDED_CHARS) {
      return refuse(`with it the file exceeds ${MAX_EXPANDED_CHARS} characters`);
    }
    this.#lines.push('');
    this.add(text, depth + 1);
  }

  /** Beside the including file, else below the root. */
  #resolve(folder: string, path: string): string | null {
    const bases = isAbsolute(path) ? [''] : [folder, this.#root];
    for (const base of bases) {
      try {
        return realpathSync(resolve(base, path));
      } catch {
        // Not there: the next place, or the caller says so.
      }
    }
    return null;
  }
}
