import { readdirSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { partOf, type BundleSource } from '../../bundle/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';

/** What `bundle create` was told to put in. */
export interface SourceOptions {
  readonly clamav?: readonly string[];
  readonly rules?: readonly string[];
  readonly bad?: readonly string[];
  readonly good?: readonly string[];
  readonly names?: string;
  readonly policy?: string;
}

export interface Sources {
  readonly files: readonly BundleSource[];
  /** They lie in the folders, and no bundle may hold them. */
  readonly left: readonly string[];
}

/** Throws BL_USAGE. */
export function sourcesOf({
  clamav = [],
  rules = [],
  bad = [],
  good = [],
  names,
  policy,
}: SourceOptions): Sources {
  const files: BundleSource[] = [];
  const left: string[] = [];
  const take = (from: string, path: string): void => {
    if (partOf(path) === null) left.push(from);
    else files.push({ from, path });
  };
  for (const [part, folders] of [
    ['clamav', clamav],
    ['yara-rules', rules],
    ['hash-sets/bad', bad],
    ['hash-sets/good', good],
  ] as const) {
    for (const folder of folders) {
      const before = files.length;
      // Rules of several folders with the same names would be one: each keeps the name of its folder.
      const prefix =
        part === 'yara-rules' && folders.length > 1 ? `${part}/${basename(resolve(folder))}` : part;
      for (const from of below(folder)) take(from, `${prefix}/${relative(folder, from)}`);
      if (files.length > before) continue;
      throw new BackupLensError('BL_USAGE', `${folder}: there is nothing in it that a bundle can hold`, {
        hint: '`backuplens bundle --help` says what a bundle can hold',
      });
    }
  }
  if (names !== undefined) files.push({ from: names, path: 'lists/ransomware-names.txt' });
  if (policy !== undefined) files.push({ from: policy, path: 'policy/scoring.yaml' });
  return { files, left };
}

/** Regular files, and whatever links lead to; hidden ones are not told of. */
function below(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted();
  } catch (cause) {
    throw new BackupLensError('BL_USAGE', `${folder}: cannot be read: ${inWords(cause)}`, { cause });
  }
}
