import { createHash } from 'node:crypto';
import { DEFAULT_PAGE } from '../../../contracts/index.ts';
import { isId } from '../../../domain/index.ts';
import { HttpError } from '../../../http/index.ts';

interface Asked {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/**
 * A page of a list that is ordered by id. The cursor is the last id of the page, bound to the filters that it was asked with:
 * with others it would silently leave something out.
 */
export async function page<Item extends { readonly id: string }, Shown>(
  { limit = DEFAULT_PAGE, cursor, ...filters }: Asked,
  list: (options: { readonly limit: number; readonly last: string | undefined }) => Promise<readonly Item[]>,
  shown: (item: Item) => Shown,
): Promise<{ items: Shown[]; next: string | null }> {
  const print = createHash('sha256').update(JSON.stringify(filters)).digest('base64url').slice(0, 8);
  const last = cursor === undefined ? undefined : idOf(cursor, print);
  // One more tells whether there is another page.
  const found = await list({ limit: limit + 1, last });
  const items = found.slice(0, limit);
  const end = items.at(-1);
  const next =
    found.length > limit && end !== undefined ? Buffer.from(`${print}${end.id}`).toString('base64url') : null;
  return { items: items.map(shown), next };
}

function idOf(cursor: string, print: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const id = text.slice(print.length);
  if (text.startsWith(print) && isId(id)) return id;
  throw new HttpError(400, 'this cursor is not of a list with these filters', 'bad_cursor');
}
