import type { Analyzer, Claim, Examination, Subject } from '../analyzer.ts';

/** Reports content that contradicts what its name promises. The comparison itself is identify's. */
export function typeMismatchAnalyzer(): Analyzer {
  return {
    id: 'type-mismatch',
    version: '1',
    examine: (subject) => examination(subject),
    close: async () => undefined,
  };
}

function examination({ type }: Subject): Examination {
  let bytes = 0;
  return {
    write: (chunk) => {
      bytes += chunk.length;
    },
    end: async () => ({
      claims: type.contradiction === null ? [] : [mismatch(type, type.contradiction)],
      measurements: {},
      misses: [],
      inspected_bytes: bytes,
      windowed: false,
    }),
    abort: () => undefined,
  };
}

function mismatch({ claimed, mime, by }: Subject['type'], contradiction: string): Claim {
  return {
    kind: 'mime_mismatch',
    rule: `claims-${claimed ?? 'nothing'}-is-${mime}`,
    detail: contradiction,
    offset: null,
    evidence: { claimed, mime, by },
  };
}
