import { checkJournal, type JournalCheck } from './journal.ts';
import { withLock } from './lock.ts';
import { openManagedFolder } from './managed-folder.ts';

export type { JournalCheck };

/** Follows the quarantine folder's journal from its first line to its last. Throws BL_CONFIG, BL_DISPOSITION. */
export async function verifyJournal(quarantineDir: string): Promise<JournalCheck> {
  const quarantine = await openManagedFolder(quarantineDir, 'make');
  try {
    return await withLock(quarantine, () => checkJournal(quarantine));
  } finally {
    await quarantine.close();
  }
}
