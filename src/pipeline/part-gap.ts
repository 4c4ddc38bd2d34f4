import type { TreeOutcome } from './protocol.ts';

/** One more thing that is not known of a file: that it is a part of something nobody looked into. */
export function withPartGap(outcome: TreeOutcome, name: string, detail: string): TreeOutcome {
  const gap = {
    stage: 'unpack',
    by: 'parts',
    reason: 'unsupported_format',
    artifact: 0,
    trail: [name],
    sha256: outcome.root.sha256,
    format: outcome.root.content_type.mime,
    detail,
    bytes: outcome.root.size,
    artifacts: 1,
  } as const;
  return { ...outcome, gaps: [...outcome.gaps, gap] };
}
