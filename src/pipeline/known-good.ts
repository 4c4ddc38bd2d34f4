import type { Finding } from '../domain/index.ts';

/**
 * Claims that are guesses from statistics or from a name's ending, and that knowing the content answers. Signatures, rules, notes
 * and unsafe archives are not guesses; and a known program under the name of something else, or under a name made to be misread,
 * stays what it is: there the name is the attack, not the content.
 */
export function isAnsweredByKnownGood({ kind, rule }: Pick<Finding, 'kind' | 'rule'>): boolean {
  if (kind === 'mime_mismatch') return rule.startsWith('claims-');
  return kind === 'high_entropy' || kind === 'encryption_suspected';
}
