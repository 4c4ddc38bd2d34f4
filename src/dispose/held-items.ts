import { opendir } from 'node:fs/promises';
import { openManagedFolder, readAtMost, unlessMissing, type Folder } from '../bytes/index.ts';
import { inWords, isId, type KeptFacts, type StoredItem } from '../domain/index.ts';
import { CONTAINER_EXTENSION, Damaged, heldFacts } from './container.ts';
import { HELD_CONTENT, HELD_FACTS } from './copy-in.ts';
import { hashFile } from './hash-file.ts';
import { listQuarantine } from './items.ts';

const MAX_FACTS_BYTES = 64 * 1024;

/** What stands beside a held file. Throws Damaged, and what reading does. */
export async function readHeldFacts(folder: Folder, id: string): Promise<KeptFacts> {
  const text = (await readAtMost(folder.at(HELD_FACTS), MAX_FACTS_BYTES)).toString('utf8');
  const parsed = heldFacts.safeParse(parse(text));
  if (!parsed.success) throw new Damaged('its item.json is wrong');
  if (parsed.data.id !== id) throw new Damaged(`it says that its id is ${parsed.data.id}`);
  const { format: _, ...facts } = parsed.data;
  return facts;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What JSON.parse says of it quotes the text.
    throw new Damaged('its item.json is not JSON');
  }
}

/** An item that stands on disk, as it describes itself; or why it cannot be used. */
export type FoundItem =
  | { readonly id: string; readonly damaged: null; readonly item: Omit<StoredItem, 'file'> }
  | { readonly id: string; readonly damaged: string; readonly item: null };

/** Everything in quarantine and in the review folder by what lies there alone: from this a lost store is rebuilt. */
export async function* findItems(
  quarantineDir: string,
  reviewDir: string | null,
): AsyncGenerator<FoundItem, void, undefined> {
  for await (const { id, damaged, header } of listQuarantine(quarantineDir)) {
    if (header === null) yield { id, damaged, item: null };
    else {
      const { cipher: _, format: __, ...facts } = header;
      const location = Buffer.from(`${quarantineDir}/${id}${CONTAINER_EXTENSION}`);
      yield { id, damaged: null, item: { id, kind: 'quarantine', origin: originOf(facts), location, facts } };
    }
  }
  if (reviewDir !== null) yield* heldItems(reviewDir);
}

async function* heldItems(reviewDir: string): AsyncGenerator<FoundItem, void, undefined> {
  const review = await openManagedFolder(reviewDir, 'null');
  if (review === null) return;
  try {
    for await (const { name: id } of await opendir(review.here().toString())) {
      if (!isId(id)) continue;
      const folder = await unlessMissing(review.folder(id));
      if (folder === null) continue;
      try {
        const facts = await readHeldFacts(folder, id);
        const isWhole = (await hashFile(folder, HELD_CONTENT)) === facts.sha256;
        if (!isWhole) yield { id, damaged: 'its bytes are others', item: null };
        else {
          const item = { id, kind: 'hold', origin: originOf(facts), location: folder.path, facts } as const;
          yield { id, damaged: null, item };
        }
      } catch (error) {
        yield { id, damaged: error instanceof Damaged ? error.message : inWords(error), item: null };
      } finally {
        await folder.close();
      }
    }
  } finally {
    await review.close();
  }
}

function originOf({ origin }: KeptFacts): Buffer {
  return Buffer.from(origin.path_base64, 'base64');
}
