import { z } from 'zod';
import { BackupLensError, inWords, type RansomwareName } from '../domain/index.ts';
import { DELIVERED_RANSOMWARE_NAMES } from './places.ts';
import { readSmallFile } from './read-small-file.ts';
import { parseYaml, type KeyPath, type YamlFile } from './yaml-file.ts';

/** A list that people keep; what is larger was not meant. */
const MAX_BYTES = 1024 * 1024;
const MAX_FAMILIES = 2000;
const MAX_PATTERNS = 1000;
const MAX_PROBLEMS = 50;

/** An ending within the last names of a path; longer ones would not fit beside a name. */
const EXTENSION =
  'an ending such as .lockbit: a dot and 1 to 79 characters, none of them a slash; in quotes if it is a number';
const extension = z.string(EXTENSION).regex(/^\.[^/\\\p{Cc}]{1,79}$/u, EXTENSION);
const NOTE = 'the name of a file such as readme.txt: 1 to 120 characters, none of them a slash';
const note = z.string(NOTE).regex(/^[^/\\\p{Cc}]{1,120}$/u, NOTE);
const list = (pattern: typeof note) =>
  z.array(pattern, 'a list').max(MAX_PATTERNS, `at most ${MAX_PATTERNS} entries`).optional();

const family = z.strictObject(
  {
    family: z.string('a name').min(1, 'a name').max(80, 'a name of at most 80 characters'),
    source: z.url({ protocol: /^https$/, error: 'where it is described: an https address' }),
    extensions: list(extension),
    weak_extensions: list(extension),
    notes: list(note),
    weak_notes: list(note),
  },
  'a mapping with family, source, and extensions or notes',
);
const file = z.array(family, 'a list of families').max(MAX_FAMILIES, `at most ${MAX_FAMILIES} families`);

/** Fewer characters that stand for themselves would fit half of all names. */
const MIN_LITERAL = 3;

const LISTS = [
  ['extensions', 'extension', false],
  ['weak_extensions', 'extension', true],
  ['notes', 'note', false],
  ['weak_notes', 'note', true],
] as const;

/**
 * The names in the file at `path` (without one: the delivered list), one entry a pattern, lower-cased. Throws
 * BL_CONFIG with everything that is wrong at once, one line each: `FILE:LINE:COLUMN: what was expected`.
 */
export function loadRansomwareNames(path: string = DELIVERED_RANSOMWARE_NAMES): readonly RansomwareName[] {
  const yaml = parseYaml(read(path));
  if (!('locate' in yaml)) {
    throw invalid(
      path,
      yaml.map(({ line, column, text }) => `${path}:${line}:${column}: ${text}`),
    );
  }
  const parsed = file.safeParse(yaml.value);
  if (!parsed.success) {
    throw invalid(
      path,
      parsed.error.issues.map(({ path: key, message }) => {
        const known = key.filter((part) => typeof part !== 'symbol');
        return `${place(path, yaml, known)}: expected ${message}`;
      }),
    );
  }
  const names: RansomwareName[] = [];
  const seen = new Map<string, string>(); // Pattern to family.
  const problems: string[] = [];
  for (const [index, entry] of parsed.data.entries()) {
    for (const [key, kind, weak] of LISTS) {
      for (const [at, written] of (entry[key] ?? []).entries()) {
        const pattern = written.toLowerCase();
        const where = place(path, yaml, [index, key, at]);
        const before = seen.get(`${kind} ${pattern}`);
        if (before !== undefined) problems.push(`${where}: ${pattern} stands there already: ${before}`);
        if (/[*?]/.test(pattern) && pattern.replace(/[*?.]/g, '').length < MIN_LITERAL) {
          problems.push(`${where}: ${pattern} fits nearly everything`);
        }
        seen.set(`${kind} ${pattern}`, entry.family);
        names.push({ kind, pattern, family: entry.family, source: entry.source, weak });
      }
    }
  }
  if (problems.length > 0) throw invalid(path, problems);
  return names;
}

function read(path: string): Buffer {
  try {
    return readSmallFile(path, MAX_BYTES);
  } catch (error) {
    throw new BackupLensError('BL_CONFIG', `${path}: cannot be read: ${inWords(error)}`, { cause: error });
  }
}

function place(path: string, yaml: YamlFile, key: KeyPath): string {
  const { line, column } = yaml.locate(key);
  return `${path}:${line}:${column}`;
}

function invalid(path: string, problems: readonly string[]): BackupLensError {
  const lines = problems.slice(0, MAX_PROBLEMS);
  if (problems.length > MAX_PROBLEMS) lines.push('and more');
  return new BackupLensError('BL_CONFIG', lines.join('\n'), {
    hint: `the beginning of ${path} as it is delivered says what an entry consists of`,
  });
}
