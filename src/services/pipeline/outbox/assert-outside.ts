import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { managedFolderOf } from '../../../dispose/index.ts';
import { BackupLensError } from '../../../domain/index.ts';
import type { ServiceSettings } from '../settings.ts';

/** What we write there would be scanned, or lie among what was. Throws BL_CONFIG. */
export async function assertOutside(
  variable: string,
  path: string,
  { config, incoming }: ServiceSettings,
): Promise<void> {
  const { quarantineDir, reviewDir, approvedDir } = config;
  const folder = await realpath(dirname(path), { encoding: 'buffer' }).catch(() =>
    Buffer.from(dirname(path)),
  );
  const inside = await managedFolderOf(folder, {
    INCOMING_DIR: incoming.toString(),
    QUARANTINE_DIR: quarantineDir.value,
    REVIEW_DIR: reviewDir.value,
    APPROVED_DIR: approvedDir.value,
  });
  if (inside === null) return;
  throw new BackupLensError('BL_CONFIG', `${variable} lies in ${inside}: ${path}`, {
    hint: 'name a file elsewhere, such as in DATA_DIR',
  });
}
