import type { Finding } from '../domain/index.ts';

/** Artifacts with exactly the same findings that are kept one by one. */
const KEPT_ALIKE = 100;
/** Findings kept for their own sake; beyond it only what could still change the decision. */
const KEPT_AT_ALL = 20_000;

/**
 * The findings of one tree. An artifact's findings are kept or left out together, and left out only when others that
 * weigh exactly the same are kept: the same kinds beside each of its YARA rules (a kind weighs the same everywhere;
 * of YARA rules the heaviest counts, so rule by rule is enough). What is left out is represented once a combination,
 * without a hash, so that no baseline takes it for something that was judged.
 */
export class KeptFindings {
  readonly kept: Finding[] = [];
  omitted = 0;
  readonly #root: string;
  readonly #alike = new Map<string, number>();
  readonly #weights = new Set<string>();
  readonly #leftOut = new Map<string, readonly Finding[]>();

  constructor(root: string) {
    this.#root = root;
  }

  add(findings: readonly Finding[]): void {
    if (findings.length === 0) return;
    const signature = findings.map(ruleOf).toSorted().join('\0\0');
    const alike = this.#alike.get(signature) ?? 0;
    const weights = weightsOf(findings);
    const isNew = weights.some((weight) => !this.#weights.has(weight));
    if (isNew || (alike < KEPT_ALIKE && this.kept.length < KEPT_AT_ALL)) {
      if (this.kept.length < KEPT_AT_ALL) this.#alike.set(signature, alike + 1);
      for (const weight of weights) this.#weights.add(weight);
      this.kept.push(...findings);
      return;
    }
    this.omitted += findings.length;
    for (const weight of weights) if (!this.#leftOut.has(weight)) this.#leftOut.set(weight, findings);
  }

  /** One artifact for each combination that was left out. */
  remainders(): Finding[] {
    return [...new Set(this.#leftOut.values())].flatMap((findings) =>
      findings.map((finding) => ({
        ...finding,
        trail: [this.#root, '(more of the same)'] as const,
        sha256: null,
      })),
    );
  }
}

function ruleOf({ kind, rule, namespace }: Finding): string {
  return `${kind}\0${rule}\0${namespace ?? ''}`;
}

/** What an artifact's score can come from: one entry for each of its YARA rules with the kinds beside it. */
function weightsOf(findings: readonly Finding[]): readonly string[] {
  const kinds = new Set(findings.map(({ kind }) => kind).filter((kind) => kind !== 'yara_match'));
  const beside = [...kinds].toSorted().join('|');
  const rules = findings
    .filter(({ kind }) => kind === 'yara_match')
    .map((finding) => `${beside}\0${ruleOf(finding)}`);
  return rules.length === 0 ? [beside] : rules;
}
