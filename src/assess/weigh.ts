import type { Finding, Policy } from '../domain/index.ts';

/** Points of one finding under the policy: for YARA its rule's entry, else its namespace's, else its tags' highest. */
export function weigh(
  finding: Pick<Finding, 'kind' | 'rule' | 'namespace' | 'tags'>,
  policy: Policy,
): number {
  if (finding.kind !== 'yara_match') return policy.weights[finding.kind];
  return (
    entry(policy, finding.rule) ??
    entry(policy, finding.namespace) ??
    highest(finding.tags ?? [], policy) ??
    policy.weights.yara_match
  );
}

function highest(tags: readonly string[], policy: Policy): number | undefined {
  let weight: number | undefined;
  for (const tag of tags) {
    const named = entry(policy, tag);
    if (named !== undefined && (weight === undefined || named > weight)) weight = named;
  }
  return weight;
}

/** Own entries only: a rule may be called `constructor`. */
function entry(policy: Policy, name: string | undefined): number | undefined {
  return name !== undefined && Object.hasOwn(policy.yara_weights, name)
    ? policy.yara_weights[name]
    : undefined;
}
