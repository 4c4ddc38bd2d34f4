import { BackupLensError, inWords, type RansomwareName } from '../domain/index.ts';
import { whereNotUtf8 } from './not-utf8.ts';
import { DELIVERED_RANSOMWARE_NAMES } from './places.ts';
import { readSmallFile } from './read-small-file.ts';

/** A list that people keep; what is larger was not meant. */
const MAX_BYTES = 1024 * 1024;
const MAX_PATTERNS = 10_000;
/** Characters. */
const MAX_LINE = 2000;
const MAX_PROBLEMS = 50;

/** An ending within the last names of a path; longer ones would not fit beside a name. */
const ENDING = /^\.[^/\\]{1,79}$/;
const NOTE = /^[^/\\\t]{1,120}$/;
const FAMILY = /^[^\t]{1,80}$/;
const CONTROL = /[^\P{Cc}\t\r]/u;
const LIST = /^([\w-]{1,40})[ \t]+(\S+)$/;
/** Fewer characters that stand for themselves would fit half of all names. */
const MIN_LITERAL = 3;

const STATEMENT = 'list, family, from, endings, weak endings, note or weak note';

/**
 * The names in the file at `path` (without one: the delivered list), one entry a pattern, lower-cased. Throws
 * BL_CONFIG with everything that is wrong at once, one line each: `FILE:LINE:COLUMN: what was expected`.
 *
 * A format of its own, because every scan reads it before anything else: as YAML it took 80 to 100 ms.
 */
export function loadRansomwareNames(path: string = DELIVERED_RANSOMWARE_NAMES): readonly RansomwareName[] {
  const bytes = read(path);
  const foreign = whereNotUtf8(bytes);
  if (foreign !== null) throw invalid(path, [`${foreign.line}:${foreign.column}: not UTF-8`]);
  const list = new NameList();
  for (const row of new TextDecoder().decode(bytes).split('\n')) {
    list.add(row);
    if (list.problems.length > MAX_PROBLEMS) break;
  }
  if (list.problems.length > 0) throw invalid(path, list.problems);
  return list.names;
}

/** What the lines up to here have said. */
class NameList {
  readonly names: RansomwareName[] = [];
  /** `LINE:COLUMN: what was expected` */
  readonly problems: string[] = [];
  readonly #addresses = new Map<string, string>();
  /** Kind and pattern to family. */
  readonly #seen = new Map<string, string>();
  #line = 0;
  #family: string | null = null;
  #source: string | null = null;

  add(row: string): void {
    this.#line += 1;
    if (row.length > MAX_LINE)
      return this.#problem(MAX_LINE, `expected at most ${MAX_LINE} characters a line`);
    const control = row.search(CONTROL);
    if (control !== -1) return this.#problem(control, 'expected no control characters');
    const text = row.trimEnd();
    const [, indent = '', weak, word = '', gap = ''] =
      /^([ \t]*)(weak[ \t]+)?([^ \t]*)([ \t]*)/.exec(text) ?? [];
    if (word.startsWith('#') || text === '') return;
    const at = indent.length + (weak?.length ?? 0) + word.length + gap.length;
    const rest = text.slice(at);
    const isWeak = weak !== undefined;
    if (word === 'endings') this.#endings(rest, at, isWeak);
    else if (word === 'note') this.#pattern('note', rest, at, isWeak);
    else if (word === 'list' && !isWeak) this.#list(rest, at);
    else if (word === 'family' && !isWeak) this.#newFamily(rest, at);
    else if (word === 'from' && !isWeak) this.#from(rest, at);
    else this.#problem(indent.length, `expected ${STATEMENT}`);
  }

  #list(rest: string, at: number): void {
    const [, name = '', address = ''] = LIST.exec(rest) ?? [];
    if (!isAddress(address)) return this.#problem(at, 'expected a name of one word and an https address');
    if (this.#addresses.has(name)) return this.#problem(at, `${name} stands there already`);
    this.#addresses.set(name, address);
  }

  #newFamily(rest: string, at: number): void {
    // What follows a name that is wrong is looked at all the same.
    this.#family = rest;
    this.#source = null;
    if (!FAMILY.test(rest)) this.#problem(at, 'expected the name of a family: 1 to 80 characters');
  }

  #from(rest: string, at: number): void {
    this.#source = rest;
    if (this.#family === null) return this.#problem(0, 'expected a family before it');
    const listed = this.#addresses.get(rest);
    if (listed !== undefined) this.#source = listed;
    else if (!isAddress(rest)) {
      this.#problem(at, 'expected where it is written: an https address, or the name of a list above');
    }
  }

  #endings(rest: string, at: number, weak: boolean): void {
    if (rest === '') this.#pattern('extension', rest, at, weak);
    let index = 0;
    for (const part of rest.split(/[ \t]/)) {
      if (part !== '') this.#pattern('extension', part, at + index, weak);
      index += part.length + 1;
    }
  }

  #pattern(kind: RansomwareName['kind'], written: string, at: number, weak: boolean): void {
    const [family, source] = [this.#family, this.#source];
    if (family === null || source === null)
      return this.#problem(0, 'expected a family and a from line before it');
    const wrong = wrongWith(kind, written);
    if (wrong !== null) return this.#problem(at, wrong);
    const pattern = written.toLowerCase();
    const before = this.#seen.get(`${kind} ${pattern}`);
    if (before !== undefined) return this.#problem(at, `${pattern} stands there already: ${before}`);
    if (this.names.length === MAX_PATTERNS)
      return this.#problem(at, `expected at most ${MAX_PATTERNS} patterns`);
    this.#seen.set(`${kind} ${pattern}`, family);
    this.names.push({ kind, pattern, family, source, weak });
  }

  #problem(at: number, text: string): void {
    this.problems.push(`${this.#line}:${at + 1}: ${text}`);
  }
}

function wrongWith(kind: RansomwareName['kind'], pattern: string): string | null {
  if (kind === 'extension' && !ENDING.test(pattern)) {
    return 'expected endings such as .lockbit: a dot and 1 to 79 characters, none of them a slash, with blanks between them';
  }
  if (kind === 'note' && !NOTE.test(pattern)) {
    return 'expected the name of a file such as readme.txt: 1 to 120 characters, none of them a slash';
  }
  if (/[*?]/.test(pattern) && pattern.replace(/[*?.]/g, '').length < MIN_LITERAL) {
    return `${pattern} fits nearly everything`;
  }
  return null;
}

function isAddress(text: string): boolean {
  return text.startsWith('https://') && URL.canParse(text);
}

function read(path: string): Buffer {
  try {
    return readSmallFile(path, MAX_BYTES);
  } catch (error) {
    throw new BackupLensError('BL_CONFIG', `${path}: cannot be read: ${inWords(error)}`, { cause: error });
  }
}

function invalid(path: string, problems: readonly string[]): BackupLensError {
  const lines = problems.slice(0, MAX_PROBLEMS).map((problem) => `${path}:${problem}`);
  if (problems.length > MAX_PROBLEMS) lines.push('and more');
  return new BackupLensError('BL_CONFIG', lines.join('\n'), {
    hint: `the beginning of ${path} as it is delivered says what a line consists of`,
  });
}
