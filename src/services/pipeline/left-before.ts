import { SET_KINDS, type EarlierSet, type Lingering } from '../../intake/index.ts';
import type { Store } from '../../store/index.ts';

/* What an earlier process knew of the watched folder, and the next one goes on with. */

/** More sets than these stay whole by their marks alone. */
const MAX_SETS = 10_000;

/** A clock that was put back makes nothing younger than it is now. */
export async function lingeringSince(store: Store): Promise<Lingering[]> {
  const now = Date.now();
  const all = await store.unsettled.list();
  return all.map(({ path, met_at }) => ({
    key: Buffer.from(path),
    met_ms_ago: Math.max(0, now - Date.parse(met_at)),
  }));
}

/** What stands decided as a set. */
export async function setsBefore(store: Store): Promise<EarlierSet[]> {
  const kinds = [...SET_KINDS, 'begun'] as const;
  const all = await store.files.there(kinds, MAX_SETS);
  return all.map(({ path, unit, identity: { ino } }) => ({
    path: Buffer.from(path),
    ino,
    kind: SET_KINDS.find((kind) => kind === unit) ?? null,
  }));
}
