import type { Claim, Miss } from '../../analyzer.ts';

/** Folders of a repository in which its objects lie (restic, both layouts; OCI images), beside those of two digits of the sum. */
const OF_OBJECTS = /^(?:data|index|keys?|locks?|snapshots?|sha256)$/;

/**
 * Stores that are addressed by content name each object by its SHA-256 (restic: `data/5a/5a1f…`, restic's design
 * document, "Repository Format"; Git LFS: `5a/1f/5a1f…`). What encrypts files leaves names that mean something. Such an object
 * cannot be looked into: a gap, and no accusation. Whoever wants to be taken for one can rename what he has encrypted: within a
 * container, where a policy may tolerate what is opaque, the object must also lie where such stores put it. `trail`: the artifact's.
 */
export function namedBySum(trail: readonly string[], sha256: string, claim: Claim): Miss | null {
  const [name = '', folder = ''] = (trail.at(-1) ?? '').split('/').toReversed();
  if (claim.rule !== 'noise-throughout' || name.toLowerCase() !== sha256) return null;
  const isInPlace =
    OF_OBJECTS.test(folder) || [sha256.slice(0, 2), sha256.slice(2, 4)].includes(folder.toLowerCase());
  if (trail.length > 1 && !isInPlace) return null;
  return {
    reason: 'opaque',
    detail: 'an encrypted object that is named by its own SHA-256, as in a restic repository',
    bytes: null,
  };
}
