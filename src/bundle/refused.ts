import { BackupLensError } from '../domain/index.ts';

/** A bundle that is not what it must be. Nothing was changed. */
export function refused(message: string, hint?: string): BackupLensError {
  return new BackupLensError('BL_BUNDLE', message, hint === undefined ? {} : { hint });
}
