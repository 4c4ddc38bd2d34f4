import { rm } from 'node:fs/promises';
import { Claim } from './claim.ts';
import { CONTAINER_EXTENSION } from './container.ts';
import { PART_EXTENSION, REPORT_EXTENSION } from './copy-in.ts';
import { split, type Folder } from './folder.ts';
import { removeIntent, type MoveIn } from './intent.ts';

/**
 * Takes back a disposition that did not come to its end, whatever step it had reached, and resolves to where the
 * file is now. The copy goes first: were the file given back before it, a crash in between would leave both.
 * May be called again after it threw.
 */
export async function undo(
  intent: MoveIn,
  folders: { readonly quarantine: Folder; readonly destination: Folder; readonly parent: Folder },
): Promise<Buffer> {
  const { quarantine, destination, parent } = folders;
  const origin = Buffer.from(intent.origin_base64, 'base64');
  for (const name of copiesOf(intent)) await rm(destination.at(name), { recursive: true, force: true });
  await destination.sync();
  const location = await giveBack(parent, split(origin).name, intent.id);
  await removeIntent(quarantine, intent);
  return location;
}

async function giveBack(parent: Folder, name: Buffer, id: string): Promise<Buffer> {
  const claim = await Claim.find(parent, id);
  if (claim === null) return parent.pathOf(name);
  try {
    const now = (await claim.stat()) === null ? name : await claim.putBack(name, id);
    await claim.remove();
    return parent.pathOf(now);
  } finally {
    await claim.close();
  }
}

function copiesOf({ kind, id }: MoveIn): readonly string[] {
  return kind === 'hold'
    ? [id, id + PART_EXTENSION]
    : [id + CONTAINER_EXTENSION, id + REPORT_EXTENSION, id + PART_EXTENSION];
}
