import { lstat, opendir, unlink } from 'node:fs/promises';
import { z } from 'zod';
import { BackupLensError, inWords } from '../domain/index.ts';
import { asciiJson } from './ascii-json.ts';
import { unlessMissing, type Folder } from './folder.ts';
import { isItemId } from './item-id.ts';
import type { JournalEntry } from './journal.ts';
import { openFile, writeWhole } from './write-file.ts';

const SUFFIX = '.intent.json';
const DRAFT_SUFFIX = `${SUFFIX}.draft`;
/** A path of PATH_MAX bytes in base64 takes 5.5 KB, and there are two. */
const MAX_INTENT_BYTES = 64 * 1024;

const base64 = z.base64();
const whole = z.string().regex(/^\d{1,20}$/);
const common = {
  format: z.literal('backuplens.intent/1'),
  id: z.string().refine(isItemId),
  at: z.iso.datetime(),
};

const moveIn = z.strictObject({
  ...common,
  kind: z.enum(['quarantine', 'hold']),
  /** For people; the bytes decide. */
  origin: z.string(),
  origin_base64: base64,
  /** The folder is known by its inode: a device number may change with the next mount. */
  origin_folder_ino: whole,
  dev: whole,
  ino: whole,
  size: z.int().nonnegative(),
  sha256: z.string(),
  /** The folder that is to receive it. */
  destination_base64: base64,
});
const restore = z.strictObject({
  ...common,
  kind: z.literal('restore'),
  to: z.string(),
  to_base64: base64,
  to_folder_ino: whole,
  sha256: z.string(),
  size: z.int().nonnegative(),
  keep: z.boolean(),
});
const deletion = z.strictObject({
  ...common,
  kind: z.literal('delete'),
  reason: z.string(),
  /** Of what is deleted; null where the container is too damaged to tell. */
  path: z.string().nullable(),
  path_base64: base64.nullable(),
  sha256: z.string().nullable(),
});
const intent = z.discriminatedUnion('kind', [moveIn, restore, deletion]);

/** What is about to be done with a file, on disk before the first step, removed after the last. */
export type Intent = z.infer<typeof intent>;
export type MoveIn = z.infer<typeof moveIn>;
export type Restoration = z.infer<typeof restore>;
export type Deletion = z.infer<typeof deletion>;

/** The journal's line for an intent, once it is done: its time is the intent's, so that recovery knows it again. */
export function entryOf(value: Intent): JournalEntry {
  const base = { id: value.id, time: value.at, sha256: value.sha256 };
  if (value.kind === 'delete') {
    const { path, path_base64, reason: detail } = value;
    return { ...base, action: 'deleted', path, path_base64, detail };
  }
  if (value.kind === 'restore') {
    const detail = value.keep ? 'a copy: the item is kept' : null;
    return { ...base, action: 'restored', path: value.to, path_base64: value.to_base64, detail };
  }
  const action = value.kind === 'quarantine' ? 'quarantined' : 'held';
  return { ...base, action, path: value.origin, path_base64: value.origin_base64, detail: null };
}

/**
 * Durable, whole or not at all, once this resolves. Throws BL_DISPOSITION while an earlier intent for the same item
 * waits for recovery: written over, what it knows would be lost.
 */
export async function commitIntent(quarantine: Folder, value: Intent): Promise<void> {
  if ((await unlessMissing(lstat(quarantine.at(value.id + SUFFIX)))) !== null) {
    throw new BackupLensError('BL_DISPOSITION', `what was begun with ${value.id} has not come to its end`, {
      hint: 'see that the folder it came from is there, and try again',
    });
  }
  try {
    await writeWhole(quarantine, value.id + SUFFIX, `${asciiJson(value, 2)}\n`);
  } catch (error) {
    await unlessMissing(unlink(quarantine.at(value.id + DRAFT_SUFFIX)));
    throw error;
  }
}

export async function removeIntent(quarantine: Folder, { id }: { readonly id: string }): Promise<void> {
  await unlessMissing(unlink(quarantine.at(id + SUFFIX)));
  await quarantine.sync();
}

/** What a crash left over: an intent, or why it cannot be read. Drafts, which nothing followed, are removed. */
export async function* leftOverIntents(
  quarantine: Folder,
): AsyncGenerator<{ readonly id: string; readonly intent: Intent | string }, void, undefined> {
  // Few, since each stands for a disposition that was under way; read first, since they are removed on the way.
  const ids: string[] = [];
  for await (const { name } of await opendir(quarantine.here().toString())) {
    if (name.endsWith(DRAFT_SUFFIX)) await unlink(quarantine.at(name));
    else if (name.endsWith(SUFFIX)) ids.push(name.slice(0, -SUFFIX.length));
  }
  for (const id of ids.toSorted()) yield { id, intent: await read(quarantine, id) };
}

async function read(quarantine: Folder, id: string): Promise<Intent | string> {
  try {
    const handle = await openFile(quarantine, id + SUFFIX);
    try {
      const { size } = await handle.stat();
      if (size > MAX_INTENT_BYTES) return 'its intent is too long';
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, 0);
      const parsed = intent.safeParse(JSON.parse(buffer.toString('utf8', 0, bytesRead)));
      if (!parsed.success) return `its intent cannot be understood: ${z.prettifyError(parsed.error)}`;
      return parsed.data.id === id ? parsed.data : 'its intent names another id';
    } finally {
      await handle.close();
    }
  } catch (error) {
    return `its intent cannot be read: ${error instanceof SyntaxError ? 'it is not JSON' : inWords(error)}`;
  }
}
