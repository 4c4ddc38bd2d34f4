import type { Claim, Miss } from '../../analyzer.ts';

/**
 * Stores that are addressed by content name each object by its SHA-256 (restic: `data/5a/5a1f…`, restic's design
 * document, "Repository Format"). What encrypts files does not know the sum beforehand, and leaves names that mean
 * something. Such an object cannot be looked into: a gap, and no accusation.
 */
export function namedBySum(name: string, sha256: string, claim: Claim): Miss | null {
  if (claim.rule !== 'noise-throughout' || name.toLowerCase() !== sha256) return null;
  return {
    reason: 'opaque',
    detail: 'an encrypted object that is named by its own SHA-256, as in a restic repository',
    bytes: null,
  };
}
