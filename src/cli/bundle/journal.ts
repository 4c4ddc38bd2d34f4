import { stat } from 'node:fs/promises';
import { journalEntriesOf, type Releases } from '../../bundle/index.ts';
import { unlessMissing } from '../../bytes/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { openStore, openStoreForReading } from '../../store/index.ts';

/**
 * Writes what was done with bundles into the journal, where there is a store and nobody is at it. Resolves to what there is to say of
 * it, in words; null: nothing. Whoever has the store does it otherwise, when it starts or on SIGHUP.
 */
export async function writeIntoJournal(
  releases: Releases,
  dataDir: string,
  who: string,
): Promise<string | null> {
  const stats = await unlessMissing(stat(dataDir));
  if (stats === null) return null;
  // What root wrote there, a service of another user could not write to any more.
  if (stats.uid !== process.getuid?.())
    return `the journal in ${dataDir} is another user's: its service writes it down`;
  try {
    await (await openStoreForReading({ dataDir })).close();
  } catch (error) {
    if (error instanceof BackupLensError && error.message.startsWith('there is no store')) return null;
    return `it is not in the journal: ${error instanceof Error ? error.message : String(error)}`;
  }
  try {
    const store = await openStore({
      dataDir,
      who,
      what: 'backuplens bundle',
      waitMs: 0,
      leftOver: async () => null,
    });
    try {
      await store.journal.appendFrom('bundles', journalEntriesOf(await releases.history()));
    } finally {
      await store.close();
    }
    return null;
  } catch (error) {
    if (!(error instanceof BackupLensError)) throw error;
    if (error.code === 'BL_STORE_LOCKED') return 'the service that runs writes it into its journal on SIGHUP';
    return `it is not in the journal: ${error.message}`;
  }
}
