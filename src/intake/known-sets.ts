import { lstat } from 'node:fs/promises';
import { identityBytes, identityOf } from './file-identity.ts';
import type { FolderListing } from './folder-listing.ts';
import { recognisedSet, type SetKind } from './recognised-set.ts';

/** Sets that are kept in mind, at about 200 bytes each. */
const MAX_KEPT = 1024;
/** A set is looked into again after this, in ms; what was none sooner: more of it may come. */
const KEPT_MS = 10 * 60_000;
const REFUSED_MS = 2000;

export type Recognise = (folder: Buffer, listing: FolderListing) => Promise<SetKind | null>;

/**
 * What a sweep recognised before is not read again with every sweep: that would be megabytes every few seconds. As long as the
 * folder itself is the same, it is the same for a while.
 */
export function keepingInMind(): Recognise {
  const kept = new Map<
    string,
    { readonly print: Buffer; readonly kind: SetKind | null; readonly until: number }
  >();
  return async (folder, listing) => {
    const key = folder.toString('latin1');
    const print = identityBytes(identityOf(await lstat(folder, { bigint: true })));
    const known = kept.get(key);
    if (known !== undefined && known.until > performance.now() && known.print.equals(print))
      return known.kind;
    const isCandidate = ['config', 'HEAD', 'PG_VERSION', 'backup_manifest'].some(
      (name) => listing.kindOf(name) === 'file',
    );
    if (!isCandidate) return null;
    const kind = await recognisedSet(folder, listing);
    kept.delete(key);
    if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value ?? '');
    kept.set(key, { print, kind, until: performance.now() + (kind === null ? REFUSED_MS : KEPT_MS) });
    return kind;
  };
}
