import { BackupLensError, inWords } from '../domain/index.ts';
import { isItemId } from './item-id.ts';
import { commitIntent, entryOf, removeIntent, type Deletion } from './intent.ts';
import { readItem, removeItem } from './items.ts';
import { appendToJournal } from './journal.ts';
import { withLock } from './lock.ts';
import { openManagedFolder } from './managed-folder.ts';
import { unwatched, type OnStep } from './steps.ts';

/** A line of the journal, not an essay. */
const MAX_REASON_CHARACTERS = 1000;

/**
 * Deletes an item, damaged or not, for good; false when there is no such item. The journal says who did it and why.
 * Throws BL_USAGE without a reason, BL_DISPOSITION when it cannot be done.
 */
export async function deleteFromQuarantine(
  quarantineDir: string,
  id: string,
  reason: string,
  { now = new Date(), onStep = unwatched }: { readonly now?: Date; readonly onStep?: OnStep } = {},
): Promise<boolean> {
  if (reason.trim() === '') {
    throw new BackupLensError('BL_USAGE', 'a reason is needed', { hint: 'say why with --reason' });
  }
  const quarantine = await openManagedFolder(quarantineDir, 'null');
  if (quarantine === null || !isItemId(id)) return false;
  try {
    return await withLock(quarantine, async () => {
      const item = await readItem(quarantine, id, false);
      if (item === null) return false;
      const intent: Deletion = {
        format: 'backuplens.intent/1',
        id,
        at: now.toISOString(),
        kind: 'delete',
        reason: reason.trim().slice(0, MAX_REASON_CHARACTERS),
        path: item.header?.origin.path ?? null,
        path_base64: item.header?.origin.path_base64 ?? null,
        sha256: item.header?.sha256 ?? null,
      };
      await commitIntent(quarantine, intent);
      await onStep('intent');
      await appendToJournal(quarantine, entryOf(intent));
      await onStep('journalled');
      await removeItem(quarantine, id);
      await onStep('removed');
      await removeIntent(quarantine, intent);
      await onStep('done');
      return true;
    });
  } catch (error) {
    if (error instanceof BackupLensError) throw error;
    throw new BackupLensError('BL_DISPOSITION', `cannot delete ${id}: ${inWords(error)}`, { cause: error });
  } finally {
    await quarantine.close();
  }
}
