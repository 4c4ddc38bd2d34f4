import { BackupLensError } from '../domain/index.ts';
import type { Setting } from './setting.ts';

/** What the command line gave, named as commander names it; texts and numbers are both taken. */
export interface Flags {
  readonly scoring?: string | undefined;
  readonly rules?: readonly string[] | undefined;
  readonly strict?: boolean | undefined;
  readonly clamd?: string | undefined;
  readonly yara?: string | undefined;
  readonly workers?: string | number | undefined;
  readonly maxDepth?: string | number | undefined;
  readonly maxEntries?: string | number | undefined;
  readonly maxUnpackedBytes?: string | number | undefined;
  readonly maxMemberBytes?: string | number | undefined;
  readonly maxRatio?: string | number | undefined;
  readonly maxScanMs?: string | number | undefined;
  readonly password?: readonly string[] | undefined;
  readonly passwordFile?: readonly string[] | undefined;
  readonly cache?: string | undefined;
  readonly verifySample?: string | number | undefined;
}

export function flag<T>(name: string, value: T | undefined): Setting<T> | null {
  return value === undefined ? null : { value, origin: `flag --${name}` };
}

export function usage(name: string, expected: string, got: unknown): BackupLensError {
  return new BackupLensError('BL_USAGE', `--${name}: expected ${expected}, got ${JSON.stringify(got)}`);
}

export function count(
  name: string,
  value: string | number | undefined,
  min: number,
  max: number,
): Setting<number> | null {
  if (value === undefined) return null;
  const figure = typeof value === 'number' ? value : /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(figure) || figure < min || figure > max) {
    throw usage(name, `an integer from ${min} to ${max}`, value);
  }
  return { value: figure, origin: `flag --${name}` };
}

export function share(value: string | number | undefined): Setting<number> | null {
  if (value === undefined) return null;
  const figure = typeof value === 'number' ? value : /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(figure) || figure < 0 || figure > 100)
    throw usage('verify-sample', 'a percentage from 0 to 100', value);
  return { value: figure, origin: 'flag --verify-sample' };
}
