import { openManagedFolder, split } from '../bytes/index.ts';
import { BackupLensError, inWords, newId, type Intent } from '../domain/index.ts';
import { removeItem } from './items.ts';
import type { Ledger } from './ledger.ts';
import { unwatched, type OnStep } from './steps.ts';

export interface DeleteRequest {
  readonly ledger: Ledger;
  readonly item: string;
  readonly who: string;
  readonly reason: string;
  readonly now?: Date;
  readonly onStep?: OnStep;
}

/**
 * Deletes an item from quarantine, damaged or not, for good; false when there is no such item. The journal says who
 * did it and why. Throws BL_USAGE without a reason, BL_DISPOSITION when it cannot be done.
 */
export async function deleteFromQuarantine(request: DeleteRequest): Promise<boolean> {
  const { ledger, item: id, who, now = new Date(), onStep = unwatched } = request;
  const reason = request.reason.trim();
  if (reason === '') {
    throw new BackupLensError('BL_USAGE', 'a reason is needed', { hint: 'say why with --reason' });
  }
  const item = await ledger.item(id);
  if (item === null || item.kind !== 'quarantine') return false;
  const { folder } = split(Buffer.from(item.location));
  const quarantine = await openManagedFolder(folder.toString(), 'null');
  if (quarantine === null) {
    throw new BackupLensError('BL_DISPOSITION', `the folder of ${id} is not there`, {
      hint: 'see that it is mounted, and try again',
    });
  }
  try {
    const intent: Intent = {
      id: newId(now),
      kind: 'delete',
      item: id,
      file: item.file,
      at: now.toISOString(),
      who,
      why: reason,
      from: item.location,
      from_folder_ino: String((await quarantine.stat()).ino),
      dev: null,
      ino: null,
      size: item.facts.size,
      sha256: item.facts.sha256,
      to_folder: null,
      to_folder_ino: null,
      to_name: null,
      ending: id,
      keep: false,
    };
    await ledger.intend(intent);
    await onStep('intent');
    await ledger.done(intent.id, { location: null, facts: null, detail: null });
    await onStep('journalled');
    await removeItem(quarantine, id);
    await onStep('removed');
    await ledger.close(intent.id);
    await onStep('done');
    return true;
  } catch (error) {
    if (error instanceof BackupLensError) throw error;
    throw new BackupLensError('BL_DISPOSITION', `cannot delete ${id}: ${inWords(error)}`, { cause: error });
  } finally {
    await quarantine.close();
  }
}
