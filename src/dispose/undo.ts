import { rm } from 'node:fs/promises';
import { split, type Folder } from '../bytes/index.ts';
import type { Intent } from '../domain/index.ts';
import { Claim } from './claim.ts';
import { CONTAINER_EXTENSION } from './container.ts';
import { PART_EXTENSION, REPORT_EXTENSION } from './copy-in.ts';
import { draftName } from './copy-out.ts';

/**
 * Takes back a move that did not come to its end, whatever step it had reached, and resolves to where the file is
 * now. The copy goes first: were the file given back before it, a crash in between would leave both. May be called
 * again after it threw. The ledger is the caller's.
 */
export async function undo(
  intent: Intent,
  { destination, parent }: { readonly destination: Folder; readonly parent: Folder },
): Promise<Buffer> {
  for (const name of copiesOf(intent)) await rm(destination.at(name), { recursive: true, force: true });
  await destination.sync();
  return giveBack(parent, split(Buffer.from(intent.from)).name, intent.id);
}

async function giveBack(parent: Folder, name: Buffer, id: string): Promise<Buffer> {
  const claim = await Claim.find(parent, id, name);
  if (claim === null) return parent.pathOf(name);
  try {
    const now = (await claim.stat()) === null ? name : await claim.putBack(id);
    await claim.remove();
    return parent.pathOf(now);
  } finally {
    await claim.close();
  }
}

/** What has the id in its name is this disposition's. What was placed under a name of its own never is undone. */
function copiesOf({ kind, id }: Intent): readonly string[] {
  if (kind === 'hold') return [id, id + PART_EXTENSION];
  if (kind === 'quarantine') return [id + CONTAINER_EXTENSION, id + REPORT_EXTENSION, id + PART_EXTENSION];
  return [draftName(id)];
}
