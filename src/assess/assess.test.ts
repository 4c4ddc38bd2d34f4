import { describe, expect, test } from 'vitest';
import {
  DEFAULT_POLICY,
  type BaselineEntry,
  type Coverage,
  type Finding,
  type Gap,
  type Policy,
} from '../domain/index.ts';
import { assess } from './index.ts';

const NOW = '2026-06-01T00:00:00Z';
const POLICY: Policy = { ...DEFAULT_POLICY, sha256: 'f'.repeat(64), strict: false };
const COVERAGE: Coverage = {
  artifacts: 3,
  bytes: 100_000,
  raw_only: { artifacts: 0, bytes: 0 },
  engines: {},
};
const SHA = 'a'.repeat(64);

const finding = (some: Partial<Finding>): Finding => ({
  kind: 'yara_match',
  engine: 'yara',
  rule: 'X',
  artifact: 1,
  trail: ['a', 'b'],
  sha256: SHA,
  detail: '',
  offset: null,
  evidence: {},
  ...some,
});

const gap = (some: Partial<Gap>): Gap => ({
  stage: 'unpack',
  by: 'zip',
  reason: 'encrypted',
  artifact: 2,
  trail: ['nightly.tar', 'secret.zip'],
  sha256: SHA,
  format: 'zip',
  detail: '2 of 3 members',
  bytes: 4096,
  artifacts: 1,
  ...some,
});

const entry = (some: Partial<BaselineEntry>): BaselineEntry => ({
  sha256: SHA,
  kind: 'yara_match',
  rule: 'X',
  reason: null,
  by: null,
  who: 'ada',
  why: 'our own test marker',
  until: null,
  ...some,
});

const judge = (
  findings: readonly Finding[],
  gaps: readonly Gap[],
  policy = POLICY,
  baseline: readonly BaselineEntry[] = [],
) => assess({ findings, gaps, coverage: COVERAGE }, policy, baseline, NOW);

describe('reasons', () => {
  test('name every contribution to the score, its rule and its place', () => {
    const entropy = finding({ kind: 'high_entropy', engine: 'entropy', rule: 'shannon' });
    expect(judge([entropy, finding({})], []).reasons).toEqual([
      'score 160 is above 100: yara_match 120 (rule X in a/b), high_entropy 40 (rule shannon)',
    ]);
  });

  test('a score between the thresholds is above the lower one', () => {
    const note = finding({ kind: 'ransom_note', rule: 'note' });
    const result = judge([note], []);
    expect(result.decision).toBe('manual_review');
    expect(result.reasons).toEqual(['score 70 is above 50: ransom_note 70 (rule note in a/b)']);
  });

  test('group gaps by what is asked for, and name the first three places', () => {
    const gaps = ['a', 'b', 'c', 'd', 'e'].map((name, artifact) =>
      gap({ artifact, trail: ['t', name], bytes: 1 }),
    );
    expect(judge([], gaps).reasons).toEqual([
      '5 gaps of reason encrypted need a person: 1 bytes in t/a (zip: 2 of 3 members); ' +
        '1 bytes in t/b (zip: 2 of 3 members); 1 bytes in t/c (zip: 2 of 3 members); and 2 more',
    ]);
    expect(judge([], [gap({})]).reasons).toEqual([
      '1 gap of reason encrypted needs a person: 4,096 bytes in nightly.tar/secret.zip (zip: 2 of 3 members)',
    ]);
  });

  test('say when only --strict asks for a person', () => {
    const away = gap({
      stage: 'analyze',
      by: 'clamav',
      reason: 'engine_unavailable',
      bytes: null,
      detail: '',
    });
    expect(judge([], [away])).toMatchObject({ decision: 'auto_approve', provisional: true, reasons: [] });
    expect(judge([], [away], { ...POLICY, strict: true })).toMatchObject({
      decision: 'manual_review',
      provisional: false,
      reasons: [
        '1 gap of reason engine_unavailable needs a person under --strict: nightly.tar/secret.zip (by clamav)',
      ],
    });
  });

  test('say that malice is not a question of weights', () => {
    const policy = { ...POLICY, weights: { ...POLICY.weights, known_bad_hash: 0 } };
    const result = judge([finding({ kind: 'known_bad_hash', rule: 'list' })], [], policy);
    expect(result).toMatchObject({ verdict: 'malicious', decision: 'manual_review', score: 0, lines: [] });
    expect(result.reasons).toEqual(['malicious whatever the weights: known_bad_hash (rule list in a/b)']);
  });

  test('say that no signature engine looked, and how much was not inspected', () => {
    const gaps = [
      gap({ stage: 'analyze', by: 'clamav', reason: 'engine_off', bytes: 100_000 }),
      gap({ stage: 'analyze', by: 'yara', reason: 'engine_unavailable', bytes: 100_000 }),
      gap({ reason: 'opaque', bytes: 5001 }),
    ];
    expect(judge([], gaps)).toMatchObject({
      decision: 'manual_review',
      provisional: true,
      reasons: [
        'neither ClamAV nor YARA looked at all of it',
        '5,001 of 100,000 bytes were not inspected (5 %); the policy allows 5 %',
      ],
    });
    expect(
      judge(
        [],
        gaps.slice(2).map((g) => ({ ...g, bytes: 5000 })),
      ).decision,
    ).toBe('auto_approve');
  });

  test('stay sentences whatever the names are', () => {
    const long = finding({ trail: ['a', '\u{1F600}'.repeat(5000)], rule: 'r'.repeat(1024) });
    const [reason] = judge([long], []).reasons;
    expect(reason?.length).toBeLessThan(800);
    expect(reason?.isWellFormed()).toBe(true);
  });
});

describe('accepted', () => {
  test('a finding that a person has judged is listed with who, why and until when, and counts nothing', () => {
    const result = judge([finding({})], [], POLICY, [entry({ until: '2027-01-01T00:00:00Z' })]);
    expect(result).toMatchObject({ decision: 'auto_approve', verdict: 'benign', score: 0 });
    expect(result.findings[0]).toMatchObject({
      weight: 0,
      accepted: 'accepted by ada until 2027-01-01T00:00:00Z: our own test marker',
    });
  });

  test.each([
    ['other content', entry({ sha256: 'b'.repeat(64) })],
    ['another rule', entry({ rule: 'Y' })],
    ['another kind', entry({ kind: 'ransom_note' })],
    ['a time that is over', entry({ until: NOW })],
    ['a time that is none', entry({ until: 'soon' })],
  ])('an entry for %s accepts nothing', (_what, other) => {
    expect(judge([finding({})], [], POLICY, [other]).decision).toBe('quarantine');
  });

  test('content whose hash nobody knows is never accepted', () => {
    expect(judge([finding({ sha256: null })], [], POLICY, [entry({})]).decision).toBe('quarantine');
  });

  test('a gap by content, or by the pattern of the policy, is tolerated and stays unknown', () => {
    const ofGap = entry({ kind: null, rule: null, reason: 'encrypted', by: 'zip' });
    expect(judge([], [gap({})], POLICY, [ofGap])).toMatchObject({
      decision: 'auto_approve',
      verdict: 'unknown',
    });
    const accept = [
      { reason: 'encrypted', format: 'zip', path: '**/secret.zip', until: null, why: 'the keys' } as const,
    ];
    const result = judge([], [gap({}), gap({ format: '7z' })], { ...POLICY, accept, strict: true });
    expect(result.gaps.map((g) => [g.rule, g.accepted])).toEqual([
      ['review', null],
      ['tolerate', 'accepted by the policy: the keys'],
    ]);
  });
});

test('what is true of the whole tree is scored like one more artifact', () => {
  const mass = finding({ kind: 'mass_encryption', rule: 'share', artifact: -1, trail: ['a'] });
  const result = judge([finding({ kind: 'high_entropy' }), mass], []);
  expect(result.lines).toEqual([{ kind: 'mass_encryption', points: 120, rule: 'share', trail: ['a'] }]);
});

test('of equally bad artifacts the first is named', () => {
  const twice = [5, 2].map((artifact) => finding({ artifact, trail: ['a', String(artifact)] }));
  expect(judge(twice, []).lines[0]?.trail).toEqual(['a', '2']);
});

test('a failed engine is never tolerated, even by a policy that says so', () => {
  const gaps = { ...POLICY.gaps, engine_failed: { root: 'tolerate', nested: 'tolerate' } } as const;
  expect(judge([], [gap({ reason: 'engine_failed' })], { ...POLICY, gaps }).decision).toBe('manual_review');
});

test.each([
  [50, 'auto_approve'],
  [51, 'manual_review'],
  [100, 'manual_review'],
  [101, 'quarantine'],
])('a score of %i is %s', (points, decision) => {
  const policy = { ...POLICY, yara_weights: { X: points } };
  expect(judge([finding({})], [], policy)).toMatchObject({ score: points, decision });
});

test.each<[Readonly<Record<string, number>>, number]>([
  [{ X: 5, 'a/b': 10, low: 20, high: 30 }, 5],
  [{ 'a/b': 10, low: 20, high: 30 }, 10],
  [{ low: 20, high: 30 }, 30],
  [{ low: 0 }, 0],
  [{ other: 7 }, 120],
])(
  'a YARA rule weighs what its name, else its namespace, else its highest tag says: %j',
  (yara_weights, score) => {
    const found = finding({ rule: 'X', namespace: 'a/b', tags: ['low', 'high'] });
    expect(judge([found], [], { ...POLICY, yara_weights }).score).toBe(score);
  },
);

test('a YARA rule of no weight does not hide another that weighs', () => {
  const found = ['X', 'Y'].map((rule) => finding({ rule, namespace: 'a/b', tags: [] }));
  expect(judge(found, [], { ...POLICY, yara_weights: { X: 0 } }).score).toBe(120);
});
