/** One bad signature must not take every file away (ATTACKS B5). */
export interface Breaker {
  /** Files that one rule may put into quarantine within the window. */
  readonly limit: number;
  readonly windowMs: number;
}

/** A thousand an hour: an outbreak is still dealt with, and a night's run of false alarms is held instead. */
export const BREAKER: Breaker = { limit: 1000, windowMs: 3_600_000 };

/**
 * The rule that has put more into quarantine than it may, null when none has. What it hits from then on is to be
 * held, and somebody told. `rules`: those that weigh against the file in question.
 */
export async function trippedRule(
  rules: readonly string[],
  now: Date,
  { limit, windowMs }: Breaker,
  quarantinedBy: (rule: string, since: string) => Promise<number>,
): Promise<string | null> {
  const since = new Date(now.getTime() - windowMs).toISOString();
  for (const rule of rules) if ((await quarantinedBy(rule, since)) >= limit) return rule;
  return null;
}
