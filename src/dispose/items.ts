import { opendir, unlink, type FileHandle } from 'node:fs/promises';
import { openFile, openManagedFolder, readAtMost, unlessMissing, type Folder } from '../bytes/index.ts';
import { inWords, isId } from '../domain/index.ts';
import {
  CONTAINER_EXTENSION,
  Damaged,
  readLayout,
  type ContainerHeader,
  type ContainerLayout,
} from './container.ts';
import { REPORT_EXTENSION } from './copy-in.ts';
import { unseal } from './seal.ts';

/** A file in quarantine as its container's header has it; or why there is no telling. */
export type QuarantineItem =
  | { readonly id: string; readonly damaged: null; readonly header: ContainerHeader }
  | { readonly id: string; readonly damaged: string; readonly header: null };

/** A report holds at most 16 MB (ATTACKS D2); escaped to ASCII it may double. */
const MAX_REPORT_BYTES = 32 * 1024 * 1024;

/**
 * What is in quarantine, oldest first; of each only the header is read, and what is damaged is listed as damaged.
 * Holds the ids (34 bytes each) of all items. A missing folder is empty. Throws BL_CONFIG for one that cannot be
 * trusted or read.
 */
export async function* listQuarantine(
  quarantineDir: string,
): AsyncGenerator<QuarantineItem, void, undefined> {
  const quarantine = await openManagedFolder(quarantineDir, 'null');
  if (quarantine === null) return;
  try {
    const ids: string[] = [];
    for await (const id of itemIds(quarantine)) ids.push(id);
    for (const id of ids.toSorted()) {
      const item = await readItem(quarantine, id, false);
      if (item !== null) yield item;
    }
  } finally {
    await quarantine.close();
  }
}

/**
 * One item, and the report beside it (null where it cannot be read); null when there is no such item. With `verify`
 * every byte is read and held against its hashes.
 */
export async function inspectQuarantined(
  quarantineDir: string,
  id: string,
  { verify }: { readonly verify: boolean },
): Promise<{ readonly item: QuarantineItem; readonly report: unknown } | null> {
  const quarantine = await openManagedFolder(quarantineDir, 'null');
  if (quarantine === null) return null;
  try {
    const item = await readItem(quarantine, id, verify);
    return item === null ? null : { item, report: await readReport(quarantine, id) };
  } finally {
    await quarantine.close();
  }
}

export interface OpenContainer {
  readonly handle: FileHandle;
  readonly layout: ContainerLayout;
}

/** An open container; the caller closes the handle. null when there is none. Throws Damaged. */
export async function openContainer(quarantine: Folder, id: string): Promise<OpenContainer | null> {
  const handle = await unlessMissing(openFile(quarantine, id + CONTAINER_EXTENSION));
  if (handle === null) return null;
  try {
    if (!isId(id)) throw new Damaged('its name is none that BackupLens gives');
    return { handle, layout: await readLayout(handle, id) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads an item's header, and with `verify` all of it. null when there is none; never throws Damaged. */
export async function readItem(
  quarantine: Folder,
  id: string,
  verify: boolean,
): Promise<QuarantineItem | null> {
  try {
    const container = await openContainer(quarantine, id);
    if (container === null) return null;
    const { handle, layout } = container;
    try {
      if (verify) await verifyContent(handle, layout);
      return { id, damaged: null, header: layout.header };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { id, damaged: error instanceof Damaged ? error.message : inWords(error), header: null };
  }
}

async function verifyContent(handle: FileHandle, layout: ContainerLayout): Promise<void> {
  const content = unseal(handle, layout);
  for (let part = await content.next(); part.done !== true; part = await content.next());
}

/** Removes an item and its report for good. */
export async function removeItem(quarantine: Folder, id: string): Promise<void> {
  await unlessMissing(unlink(quarantine.at(id + CONTAINER_EXTENSION)));
  await unlessMissing(unlink(quarantine.at(id + REPORT_EXTENSION)));
  await quarantine.sync();
}

async function* itemIds(quarantine: Folder): AsyncGenerator<string, void, undefined> {
  for await (const { name } of await opendir(quarantine.here().toString())) {
    if (name.endsWith(CONTAINER_EXTENSION)) yield name.slice(0, -CONTAINER_EXTENSION.length);
  }
}

async function readReport(quarantine: Folder, id: string): Promise<unknown> {
  try {
    const bytes = await readAtMost(quarantine.at(id + REPORT_EXTENSION), MAX_REPORT_BYTES);
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // The item stands without it: all that is needed to restore it is in the container.
    return null;
  }
}
