import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DECISIONS,
  DEFAULT_POLICY,
  ENGINE_AWAY,
  FINDING_KINDS,
  GAP_REASONS,
  isRoot,
  type Assessment,
  type Baseline,
  type Coverage,
  type Finding,
  type Gap,
  type GapRule,
  type JudgedGap,
  type Policy,
} from '../domain/index.ts';
import { assess } from './index.ts';

// Small pools, so that coincidences (same artifact, same rule, ties, accepted by two entries) are frequent.
const NOW = '2026-06-01T00:00:00Z';
const RULES = ['Quiet', 'Loud', 'constructor', '__proto__', 'space'];
const HASHES = ['a', 'b', 'c'].map((digit) => digit.repeat(64));
const NAMES = ['nightly.tar', 'testdata/x', 'secret.zip', 'a'];
const SIZES = [0, 1, 40, 49, 50, 51, 100, 949, 950, 5000, Number.MAX_SAFE_INTEGER];

const trail = fc
  .array(fc.constantFrom(...NAMES), { maxLength: 3 })
  .map((rest): [string, ...string[]] => ['root.tar', ...rest]);
const sha256 = fc.constantFrom(null, ...HASHES);
const untils = fc.constantFrom(null, '2026-05-31T23:59:59Z', NOW, '2026-06-01T00:00:01Z', 'no time at all');

const finding: fc.Arbitrary<Finding> = fc.record({
  kind: fc.constantFrom(...FINDING_KINDS),
  engine: fc.constantFrom('clamav', 'yara', 'entropy'),
  rule: fc.constantFrom(...RULES),
  namespace: fc.constantFrom('space', 'other'),
  tags: fc.subarray(['tag', 'Quiet', 'heavy']),
  artifact: fc.integer({ min: -1, max: 3 }),
  trail,
  sha256,
  detail: fc.constantFrom('', 'seen'),
  offset: fc.constantFrom(null, 0, 7),
  evidence: fc.constantFrom({}, { a: 1 }),
});

const gap: fc.Arbitrary<Gap> = fc.record({
  stage: fc.constantFrom('intake', 'identify', 'unpack', 'analyze', 'pipeline'),
  by: fc.constantFrom('clamav', 'yara', 'zip'),
  reason: fc.constantFrom(...GAP_REASONS),
  artifact: fc.integer({ min: 0, max: 3 }),
  trail,
  sha256,
  format: fc.constantFrom(null, 'zip', 'application/pdf'),
  detail: fc.constantFrom('', '2 of 3 members'),
  bytes: fc.constantFrom(null, ...SIZES),
  artifacts: fc.integer({ min: 1, max: 9 }),
});

const coverage: fc.Arbitrary<Coverage> = fc.record({
  artifacts: fc.nat(9),
  bytes: fc.constantFrom(...SIZES),
  raw_only: fc.constant({ artifacts: 0, bytes: 0 }),
  engines: fc.constant({}),
});

const baseline: fc.Arbitrary<Baseline> = fc.array(
  fc
    .record({
      sha256: fc.constantFrom(...HASHES),
      kind: fc.constantFrom(...FINDING_KINDS),
      rule: fc.constantFrom(...RULES),
      reason: fc.constantFrom(...GAP_REASONS),
      by: fc.constantFrom('clamav', 'yara', 'zip'),
      until: untils,
      ofGap: fc.boolean(),
    })
    .map(({ ofGap, ...entry }) => ({
      ...entry,
      who: 'ada',
      why: 'known',
      ...(ofGap ? { kind: null, rule: null } : { reason: null, by: null }),
    })),
  { maxLength: 8 },
);

const weight = fc.constantFrom(0, 1, 30, 40, 50, 51, 60, 100, 101, 120, 200);
const rule = fc.constantFrom<GapRule>('tolerate', 'tolerate', 'review', 'quarantine');
const rules = fc.record({ root: rule, nested: rule });

const policy: fc.Arbitrary<Policy> = fc.record({
  sha256: fc.constant('f'.repeat(64)),
  strict: fc.boolean(),
  weights: fc.record({
    mime_mismatch: weight,
    clamav_infected: weight,
    clamav_heuristic: weight,
    yara_match: weight,
    high_entropy: weight,
    encryption_suspected: weight,
    mass_encryption: weight,
    ransom_note: weight,
    unsafe_archive: weight,
    hidden_change: weight,
    known_bad_hash: weight,
  }),
  thresholds: fc.constantFrom(
    { auto_approve: 50, manual_review: 100 },
    { auto_approve: 0, manual_review: 1 },
    { auto_approve: 110, manual_review: 500 },
  ),
  gaps: fc.record({
    engine_off: rules,
    engine_unavailable: rules,
    engine_failed: rules,
    timed_out: rules,
    budget_exceeded: rules,
    encrypted: rules,
    opaque: rules,
    corrupt: rules,
    unsupported_format: rules,
    unreadable: rules,
    changed: rules,
    never_settled: rules,
  }),
  max_uninspected_share: fc.constantFrom(0, 0.05, 0.5, 1),
  release_provisional: fc.boolean(),
  yara_weights: fc
    .uniqueArray(fc.tuple(fc.constantFrom('Quiet', 'Loud', 'space', 'tag', 'heavy'), weight), {
      selector: ([name]) => name,
      maxLength: 3,
    })
    .map((entries) => Object.fromEntries(entries)),
  accept: fc.array(
    fc.record({
      reason: fc.constantFrom(...GAP_REASONS),
      format: fc.constantFrom(null, 'zip'),
      path: fc.constantFrom('**', '**/testdata/**', '*/secret.zip', 'nothing'),
      until: untils,
      why: fc.constant('known'),
    }),
    { maxLength: 3 },
  ),
});

// Mostly tolerant worlds: where everything is reviewed anyway, a law has nothing to catch.
const tolerant = policy.map((any): Policy => ({
  ...any,
  strict: false,
  gaps: { ...any.gaps, encrypted: both('tolerate') },
}));
function both(of: GapRule): { root: GapRule; nested: GapRule } {
  return { root: of, nested: of };
}

interface World {
  readonly findings: readonly Finding[];
  readonly gaps: readonly Gap[];
  readonly coverage: Coverage;
  readonly policy: Policy;
  readonly baseline: Baseline;
}

const world: fc.Arbitrary<World> = fc.record({
  findings: fc.oneof(fc.constant([]), fc.array(finding, { maxLength: 6 })),
  gaps: fc.oneof(fc.constant([]), fc.array(gap, { maxLength: 5 })),
  coverage,
  policy: fc.oneof(policy, tolerant),
  baseline: fc.oneof(fc.constant<Baseline>([]), baseline),
});

const judge = (w: World): Assessment => assess(w, w.policy, w.baseline, NOW);
const severity = (a: Assessment): number => DECISIONS.indexOf(a.decision);
const RUNS = { numRuns: 2000 };

describe('the laws', () => {
  test('1. silence is not innocence: with a gap nothing is benign, and approval needs tolerance by name', () => {
    fc.assert(
      fc.property(world, (w) => {
        const result = judge(w);
        expect(w.gaps.length > 0 && result.verdict === 'benign').toBe(false);
        const toleratedByName = (each: JudgedGap): boolean =>
          each.reason !== 'engine_failed' &&
          !w.policy.strict &&
          w.policy.gaps[each.reason][isRoot(each.trail) ? 'root' : 'nested'] === 'tolerate';
        const untolerated = result.gaps.filter((each) => each.accepted === null && !toleratedByName(each));
        expect(untolerated.length > 0 && result.decision === 'auto_approve').toBe(false);
      }),
      RUNS,
    );
  });

  test('2. monotone: one more finding or gap never makes decision, verdict or score milder', () => {
    const verdicts = ['benign', 'unknown', 'suspicious', 'malicious'];
    fc.assert(
      fc.property(world, fc.option(finding), fc.option(gap), (w, extra, hole) => {
        const before = judge(w);
        const after = judge({
          ...w,
          findings: extra === null ? w.findings : [...w.findings, extra],
          gaps: hole === null ? w.gaps : [...w.gaps, hole],
        });
        expect(severity(after)).toBeGreaterThanOrEqual(severity(before));
        expect(after.score).toBeGreaterThanOrEqual(before.score);
        expect(verdicts.indexOf(after.verdict)).toBeGreaterThanOrEqual(verdicts.indexOf(before.verdict));
      }),
      { numRuns: 5000 },
    );
  });

  test('3. a container is as bad as its worst member, and a kind counts once with its heaviest finding', () => {
    fc.assert(
      fc.property(world, (w) => {
        const result = judge(w);
        const scores = [-1, 0, 1, 2, 3].map((artifact) =>
          FINDING_KINDS.reduce((sum, kind) => {
            const weights = result.findings
              .filter((f) => f.artifact === artifact && f.kind === kind && f.accepted === null)
              .map((f) => f.weight);
            return sum + Math.max(0, ...weights);
          }, 0),
        );
        expect(result.score).toBe(Math.max(...scores));
        expect(result.lines.reduce((sum, line) => sum + line.points, 0)).toBe(result.score);
        const alone = judge({
          ...w,
          findings: w.findings.filter((f) => f.artifact === scores.indexOf(result.score) - 1),
        });
        expect(alone.lines).toEqual(result.lines);
      }),
      RUNS,
    );
  });

  test('4. replayable: equal input gives an equal assessment, whatever the order of arrival', () => {
    fc.assert(
      fc.property(world, fc.nat(), (w, turn) => {
        const rotate = <T>(list: readonly T[]): T[] =>
          list.length === 0
            ? []
            : [...list.slice(turn % list.length), ...list.slice(0, turn % list.length)].toReversed();
        const again = structuredClone({ ...w, findings: rotate(w.findings), gaps: rotate(w.gaps) });
        expect(judge(again)).toEqual(judge(w));
      }),
      RUNS,
    );
  });
});

describe('what follows from them', () => {
  test('the verdict is what its definition says', () => {
    fc.assert(
      fc.property(world, (w) => {
        const result = judge(w);
        const open = result.findings.filter((f) => f.accepted === null);
        const malicious = open.some(
          (f) =>
            ['clamav_infected', 'known_bad_hash'].includes(f.kind) ||
            f.weight > w.policy.thresholds.manual_review,
        );
        const suspicious = open.some((f) => f.weight > 0);
        expect(result.verdict).toBe(
          malicious ? 'malicious' : suspicious ? 'suspicious' : w.gaps.length > 0 ? 'unknown' : 'benign',
        );
        expect(malicious && result.decision === 'auto_approve').toBe(false);
      }),
      RUNS,
    );
  });

  test('a YARA rule weighs its own entry, else its namespace’s, else the highest of its tags, else the kind', () => {
    fc.assert(
      fc.property(world, (w) => {
        const named = new Map(Object.entries(w.policy.yara_weights));
        for (const f of judge(w).findings) {
          const tags = (f.tags ?? []).flatMap((tag) => named.get(tag) ?? []);
          const own = named.get(f.rule) ?? named.get(f.namespace ?? '');
          const yara = own ?? (tags.length > 0 ? Math.max(...tags) : w.policy.weights.yara_match);
          const points = f.kind === 'yara_match' ? yara : w.policy.weights[f.kind];
          expect(f.weight).toBe(f.accepted === null ? points : 0);
        }
      }),
      RUNS,
    );
  });

  test('a match of a rule that weighs nothing never hides another match', () => {
    fc.assert(
      fc.property(world, finding, finding, (w, one, other) => {
        const quiet: Finding = { ...one, kind: 'yara_match', rule: 'Quiet', sha256: null };
        const loud: Finding = { ...other, kind: 'yara_match', rule: 'Loud', sha256: null };
        const scored = { ...w.policy, yara_weights: { Quiet: 0, Loud: 120 } };
        const result = judge({ ...w, policy: scored, findings: [quiet, ...w.findings, loud] });
        expect(result.score).toBeGreaterThanOrEqual(120);
      }),
      RUNS,
    );
  });

  test('provisional means that an engine is away, that this is tolerated, and that nothing is quarantined', () => {
    fc.assert(
      fc.property(world, (w) => {
        const result = judge(w);
        const tolerated = result.gaps.some((g) => g.reason === 'engine_unavailable' && g.rule === 'tolerate');
        expect(result.provisional).toBe(tolerated && result.decision !== 'quarantine');
      }),
      RUNS,
    );
  });

  test('with both signature engines away nothing is approved', () => {
    const away = fc.constantFrom(...ENGINE_AWAY);
    fc.assert(
      fc.property(world, gap, away, gap, away, (w, one, why, other, whyToo) => {
        const gaps = [
          { ...one, by: 'clamav', reason: why },
          { ...other, by: 'yara', reason: whyToo },
          ...w.gaps,
        ];
        expect(judge({ ...w, gaps }).decision).not.toBe('auto_approve');
      }),
      RUNS,
    );
  });

  test('more uninspected content than the policy allows is never approved; accepted and engines’ gaps are none', () => {
    fc.assert(
      fc.property(world, (w) => {
        const result = judge(w);
        const bytes = result.gaps
          .filter((g) => g.accepted === null && !(g.stage === 'analyze' && ENGINE_AWAY.includes(g.reason)))
          .reduce((sum, g) => Math.min(Number.MAX_SAFE_INTEGER, sum + (g.bytes ?? 0)), 0);
        const tooMuch = bytes > w.policy.max_uninspected_share * Math.max(w.coverage.bytes, bytes);
        expect(result.reasons.some((reason) => reason.includes('bytes were not inspected'))).toBe(tooMuch);
        expect(tooMuch && result.decision === 'auto_approve').toBe(false);
      }),
      RUNS,
    );
  });

  test('nobody can accept that an engine was away', () => {
    fc.assert(
      fc.property(world, (w) => {
        const accepted = judge(w).gaps.filter((each) => each.accepted !== null);
        expect(accepted.filter((each) => ENGINE_AWAY.includes(each.reason))).toEqual([]);
        expect(accepted.filter((each) => each.rule !== 'tolerate')).toEqual([]);
      }),
      RUNS,
    );
  });

  test('nothing is hidden: every finding and gap is listed, and every severity has its words', () => {
    fc.assert(
      fc.property(world, (w) => {
        const result = judge(w);
        expect(result.findings).toHaveLength(w.findings.length);
        expect(result.gaps).toHaveLength(w.gaps.length);
        expect(result.reasons.length === 0).toBe(result.decision === 'auto_approve');
        expect(result.reasons.length).toBeLessThanOrEqual(50);
      }),
      RUNS,
    );
  });

  test('without strictness, acceptance and bounds the default policy decides by score and gap rules alone', () => {
    const plain: Policy = {
      ...DEFAULT_POLICY,
      sha256: 'f'.repeat(64),
      strict: false,
      max_uninspected_share: 1,
    };
    fc.assert(
      fc.property(world, (w) => {
        const gaps = w.gaps.filter((g) => g.by !== 'yara');
        const findings = w.findings.filter(
          (f) => f.kind !== 'clamav_infected' && f.kind !== 'known_bad_hash',
        );
        const result = assess({ ...w, gaps, findings }, plain, [], NOW);
        const byScore = result.score > 100 ? 2 : result.score > 50 ? 1 : 0;
        const byGaps = result.gaps.some((g) => g.rule === 'review') ? 1 : 0;
        expect(severity(result)).toBe(Math.max(byScore, byGaps));
      }),
      RUNS,
    );
  });
});
