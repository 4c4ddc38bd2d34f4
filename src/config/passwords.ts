import { resolve } from 'node:path';
import { BackupLensError, inWords } from '../domain/index.ts';
import type { Flags } from './flags.ts';
import { readSmallFile } from './read-small-file.ts';
import { Secret } from './secret.ts';
import type { Setting } from './setting.ts';

/** Commonly used by those who exchange samples (DESIGN 7). */
const COMMON_PASSWORDS = ['infected', 'malware', 'virus'];
const MAX_PASSWORD_FILE_BYTES = 1024 * 1024;

export function passwords(cwd: string, flags: Flags): Setting<readonly Secret[]> {
  const typed = flags.password ?? [];
  const filed = (flags.passwordFile ?? []).flatMap((file) => passwordsIn(file, cwd));
  const texts = new Set([...typed, ...filed, ...COMMON_PASSWORDS]);
  const value = [...texts].map((text) => new Secret(text));
  if (typed.length > 0) return { value, origin: 'flag --password' };
  return { value, origin: filed.length > 0 ? 'flag --password-file' : 'default' };
}

/** One a line; everything on the line counts, blanks too. */
function passwordsIn(file: string, cwd: string): string[] {
  try {
    const text = readSmallFile(resolve(cwd, file), MAX_PASSWORD_FILE_BYTES).toString('utf8');
    return text.split(/\r?\n/).filter((line) => line !== '');
  } catch (error) {
    throw new BackupLensError('BL_USAGE', `--password-file ${file}: cannot be read: ${inWords(error)}`, {
      hint: 'name a file with one password a line',
      cause: error,
    });
  }
}
