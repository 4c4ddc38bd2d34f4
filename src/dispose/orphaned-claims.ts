import { opendir, realpath } from 'node:fs/promises';
import { Folder, unlessMissing } from '../bytes/index.ts';
import { isId } from '../domain/index.ts';
import { Claim, CLAIM_PREFIX } from './claim.ts';

/** Deeper than any tree of folders that a path can name. */
const MAX_DEPTH = 2048;

// Names as bytes. `encoding: 'buffer'` is documented for opendir, but its type is not declared.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const AS_BYTES = { encoding: 'buffer' as BufferEncoding };

/**
 * Gives back what stands in claim folders below `root`, where the store that knew of them is lost: the entry of a
 * claim keeps the file's name. Never overwrites. Yields the place of each file that is back. Only while nothing else
 * is at work.
 */
export async function* putBackOrphans(root: string): AsyncGenerator<Buffer, void, undefined> {
  const real = await unlessMissing(realpath(root, { encoding: 'buffer' }));
  if (real !== null) yield* below(await Folder.walk(real), 0);
}

async function* below(folder: Folder, depth: number): AsyncGenerator<Buffer, void, undefined> {
  try {
    const folders: Buffer[] = [];
    for await (const entry of await opendir(folder.here().toString(), AS_BYTES)) {
      if (entry.isDirectory()) folders.push(Buffer.from(entry.name));
    }
    for (const name of folders) {
      const id = name.toString('latin1').slice(CLAIM_PREFIX.length);
      const isClaim = name.toString('latin1').startsWith(CLAIM_PREFIX) && isId(id);
      if (isClaim) yield* giveBack(folder, id);
      else if (depth < MAX_DEPTH) {
        const inner = await unlessMissing(folder.folder(name));
        if (inner !== null) yield* below(inner, depth + 1);
      }
    }
  } finally {
    await folder.close();
  }
}

async function* giveBack(parent: Folder, id: string): AsyncGenerator<Buffer, void, undefined> {
  const folder = await parent.folder(CLAIM_PREFIX + id);
  const entries: Buffer[] = [];
  try {
    for await (const { name } of await opendir(folder.here().toString(), AS_BYTES)) {
      entries.push(Buffer.from(name));
    }
  } finally {
    await folder.close();
  }
  for (const entry of entries) {
    const claim = await Claim.find(parent, id, entry);
    if (claim === null) continue;
    try {
      yield parent.pathOf(await claim.putBack(id));
    } finally {
      await claim.close();
    }
  }
  const empty = await Claim.find(parent, id, Buffer.from('none'));
  try {
    await empty?.remove();
  } finally {
    await empty?.close();
  }
}
