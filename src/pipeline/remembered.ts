import type { FileResult } from '../contracts/index.ts';
import { seenOf } from '../contracts/plain/index.ts';
import { ENGINE_AWAY } from '../domain/index.ts';
import type { Store } from '../store/index.ts';

/** A result, and the review by which a person has approved it for good; null: nobody has. */
export interface Recalled {
  readonly result: FileResult;
  readonly remembered: string | null;
}

/**
 * What a person has approved before, and asked to be remembered, is approved again: the same content, in which nothing is found and
 * of which nothing is missed that the approval did not know of (DESIGN 5). It is listed as accepted, and what is malicious never is.
 * While an engine is away that the policy waits for, it stays as provisional as it was.
 */
export async function recall(store: Pick<Store, 'reviews'>, result: FileResult): Promise<Recalled> {
  const nothing = { result, remembered: null };
  const { sha256, decision, verdict } = result;
  if (decision === 'auto_approve' || verdict === 'malicious' || sha256 === null) return nothing;
  const gaps = result.gaps.filter((gap) => !(gap.reason === 'engine_unavailable' && gap.rule === 'tolerate'));
  // An engine that failed says nothing of the content: nobody can have judged that.
  if (gaps.some(({ reason, rule }) => ENGINE_AWAY.includes(reason) && rule !== 'tolerate')) return nothing;
  const seen = seenOf({ ...result, gaps });
  if (seen === null) return nothing;
  for (const approval of await store.reviews.remembered(sha256)) {
    if (!seen.every((one) => approval.seen.includes(one))) continue;
    const end = approval.until === null ? '' : ` until ${approval.until}`;
    const accepted = `approved by ${approval.who}${end}: ${approval.reason}`;
    return {
      remembered: approval.review,
      result: {
        ...result,
        decision: 'auto_approve',
        reasons: [`this content was ${accepted} (review ${approval.review})`],
        findings: result.findings.map((finding) => ({ ...finding, accepted: finding.accepted ?? accepted })),
        gaps: result.gaps.map((gap) =>
          gap.rule === 'tolerate' ? gap : { ...gap, accepted: gap.accepted ?? accepted },
        ),
      },
    };
  }
  return nothing;
}
