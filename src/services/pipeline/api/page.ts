import { createHash } from 'node:crypto';
import { DEFAULT_PAGE } from '../../../contracts/index.ts';
import { isId } from '../../../domain/index.ts';
import { HttpError } from '../../../http/index.ts';

interface Asked {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Where an item stands in the order of its list, as a text; null: the text is no such place. */
interface Place<Item, At> {
  readonly of: (item: Item) => string;
  readonly read: (text: string) => At | null;
}

/** Of lists that are ordered by id. */
const BY_ID: Place<{ readonly id: string }, string> = {
  of: ({ id }) => id,
  read: (text) => (isId(text) ? text : null),
};

/** A page of a list that is ordered by id. */
export async function page<Item extends { readonly id: string }, Shown>(
  asked: Asked,
  list: (options: { readonly limit: number; readonly last: string | undefined }) => Promise<readonly Item[]>,
  shown: (item: Item) => Shown,
): Promise<{ items: Shown[]; next: string | null }> {
  return pageBy(BY_ID, asked, list, shown);
}

/**
 * A page of a list in any order. The cursor is the place of the last item of the page, bound to the filters that it was asked with:
 * with others it would silently leave something out.
 */
export async function pageBy<Item, At, Shown>(
  place: Place<Item, At>,
  { limit = DEFAULT_PAGE, cursor, ...filters }: Asked,
  list: (options: { readonly limit: number; readonly last: At | undefined }) => Promise<readonly Item[]>,
  shown: (item: Item) => Shown,
): Promise<{ items: Shown[]; next: string | null }> {
  const print = createHash('sha256').update(JSON.stringify(filters)).digest('base64url').slice(0, 8);
  const last = cursor === undefined ? undefined : placeIn(cursor, print, place);
  // One more tells whether there is another page.
  const found = await list({ limit: limit + 1, last });
  const items = found.slice(0, limit);
  const end = items.at(-1);
  const next =
    found.length > limit && end !== undefined
      ? Buffer.from(print + place.of(end)).toString('base64url')
      : null;
  return { items: items.map(shown), next };
}

function placeIn<Item, At>(cursor: string, print: string, place: Place<Item, At>): At {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const at = text.startsWith(print) ? place.read(text.slice(print.length)) : null;
  if (at !== null) return at;
  throw new HttpError(400, 'this cursor is not of a list with these filters', 'bad_cursor');
}
