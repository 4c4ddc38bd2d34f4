import { unlink } from 'node:fs/promises';
import { openManagedFolder, unlessMissing, writeWhole } from '../../bytes/index.ts';
import { RUNNING_SERVICE_FILE, type RunningService } from '../../contracts/index.ts';

/** Says in the data folder where the service answers; resolves to what takes that back. */
export async function announce(dataDir: string, service: RunningService): Promise<() => Promise<void>> {
  const folder = await openManagedFolder(dataDir, 'make');
  try {
    await writeWhole(folder, RUNNING_SERVICE_FILE, `${JSON.stringify(service)}\n`);
  } finally {
    await folder.close();
  }
  return async () => {
    const data = await openManagedFolder(dataDir, 'null');
    if (data === null) return;
    try {
      await unlessMissing(unlink(data.at(RUNNING_SERVICE_FILE)));
    } finally {
      await data.close();
    }
  };
}
