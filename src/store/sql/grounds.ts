import { createHash } from 'node:crypto';

/** Equal for equal grounds, whatever their order. */
export function groupOf(rules: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(rules.toSorted())).digest('hex').slice(0, 16);
}
