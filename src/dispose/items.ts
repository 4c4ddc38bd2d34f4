import { opendir, unlink } from 'node:fs/promises';
import { nameFromBytes, readAtMost } from '../bytes/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import { CONTAINER_EXTENSION, Damaged, readLayout, type ContainerHeader, type ContainerLayout } from './container.ts';
import { REPORT_EXTENSION } from './copy-in.ts';
import { join, unlessMissing, type Folder } from './folder.ts';
import { abbreviates, isItemId } from './item-id.ts';
import { openManagedFolder } from './managed-folder.ts';
import { unseal } from './seal.ts';
import { openFile } from './write-file.ts';

/** A file in quarantine as its container's header has it; or why there is no telling. */
export type QuarantineItem =
  | { readonly id: string; readonly damaged: null; readonly header: ContainerHeader }
  | { readonly id: string; readonly damaged: string; readonly header: null };

/** Reports are bounded (ATTACKS D2); this is twice that bound. */
const MAX_REPORT_BYTES = 32 * 1024 * 1024;

/**
 * What is in quarantine, oldest first; of each only the header is read. A damaged item is listed as damaged. Holds
 * the ids (34 bytes each) of all items. Throws BL_CONFIG for a folder that cannot be trusted; a missing one is empty.
 */
export async function* listQuarantine(quarantineDir: string): AsyncGenerator<QuarantineItem, void, undefined> {
  const quarantine = await openManagedFolder(quarantineDir, 'null');
  if (quarantine === null) return;
  try {
    const names: Buffer[] = [];
    for await (const name of containerNames(quarantine)) names.push(name);
    for (const name of names.toSorted(Buffer.compare)) yield await readItem(quarantine, name);
  } finally {
    await quarantine.close();
  }
}

/** Ids of the items that `abbreviation` may stand for: the beginning of the id, or of its random part. */
export async function findQuarantined(quarantineDir: string, abbreviation: string): Promise<readonly string[]> {
  const quarantine = await openManagedFolder(quarantineDir, 'null');
  if (quarantine === null) return [];
  try {
    const found: string[] = [];
    for await (const name of containerNames(quarantine)) {
      const id = name.toString('latin1', 0, name.length - CONTAINER_EXTENSION.length);
      if (isItemId(id) && abbreviates(abbreviation, id)) found.push(id);
    }
    return found.toSorted();
  } finally {
    await quarantine.close();
  }
}

/**
 * One item and the report beside it (null where it is missing or unreadable); null when there is no such item. With
 * `verify` every byte is read and compared with its hashes.
 */
export async function inspectQuarantined(
  quarantineDir: string,
  id: string,
  { verify }: { readonly verify: boolean },
): Promise<{ readonly item: QuarantineItem; readonly report: unknown } | null> {
  const quarantine = await openManagedFolder(quarantineDir, 'null');
  if (quarantine === null) return null;
  try {
    const item = await readItem(quarantine, Buffer.from(id + CONTAINER_EXTENSION), verify);
    return item === null ? null : { item, report: await readReport(quarantine, id) };
  } finally {
    await quarantine.close();
  }
}

/** Opens a container for `use`; null when there is none. Throws Damaged, BL_DISPOSITION, and what `use` throws. */
export async function withContainer<T>(
  quarantine: Folder,
  id: string,
  use: (handle: Awaited<ReturnType<typeof openFile>>, layout: ContainerLayout) => Promise<T>,
): Promise<T | null> {
  const handle = await unlessMissing(openContainer(quarantine, id));
  if (handle === null) return null;
  try {
    return await use(handle, await readLayout(handle, id));
  } finally {
    await handle.close();
  }
}
