import { expect, test } from 'vitest';
import type { Assessment, Gap } from '../domain/index.ts';
import { oneDecision, withJoined } from './one-decision.ts';
import type { TreeOutcome } from './protocol.ts';

function assessed(decision: Assessment['decision'], verdict: Assessment['verdict']): Assessment {
  return {
    score: 0,
    lines: [],
    verdict,
    decision,
    provisional: false,
    reasons: decision === 'auto_approve' ? [] : ['its own'],
    findings: [],
    gaps: [],
  };
}

test('the worst that is decided of a part holds for all, and who was milder says because of whom', () => {
  const decided = oneDecision(
    [
      assessed('manual_review', 'unknown'),
      assessed('auto_approve', 'benign'),
      assessed('quarantine', 'malicious'),
    ],
    ['a', 'b', 'c'],
  );
  expect(decided.map(({ decision, verdict }) => `${decision} ${verdict}`)).toEqual(
    Array.from({ length: 3 }, () => 'quarantine malicious'),
  );
  const because = 'one archive together with c, of which this was decided';
  expect(decided.map(({ reasons }) => reasons)).toEqual([['its own', because], [because], ['its own']]);
});

test('parts that are all approved stay approved', () => {
  const approved = [assessed('auto_approve', 'benign'), assessed('auto_approve', 'benign')];
  expect(oneDecision(approved, ['a', 'b'])).toEqual(approved);
});

function tree(name: string, artifacts: number, gaps: readonly number[]): TreeOutcome {
  const gap = (artifact: number): Gap => ({
    stage: 'unpack',
    by: 'zip',
    reason: 'corrupt',
    artifact,
    trail: [name],
    sha256: null,
    format: null,
    detail: 'x',
    bytes: 1,
    artifacts: 1,
  });
  return {
    findings: [],
    gaps: gaps.map(gap),
    measurements: [],
    coverage: {
      artifacts,
      bytes: 10 * artifacts,
      raw_only: { artifacts: 0, bytes: 0 },
      engines: { yara: { artifacts, bytes: 10, windowed: 0 } },
    },
    root: {
      size: 10,
      sha256: null,
      content_type: { mime: 'a/b', description: '', claimed: null },
      identity: null,
    },
    omitted: { findings: 0, gaps: 1 },
    duration_ms: 5,
  };
}

test('artifacts of a part and of the whole are never taken for the same one', () => {
  const both = withJoined(tree('a', 1, [0, -1]), tree('a', 3, [0, 2, -1]));
  expect(both.gaps.map(({ artifact }) => artifact)).toEqual([0, -1, 1, 3, -1]);
  expect(both.coverage).toMatchObject({
    artifacts: 4,
    bytes: 40,
    engines: { yara: { artifacts: 4, bytes: 20 } },
  });
  expect([both.omitted.gaps, both.duration_ms, both.root.size]).toEqual([2, 10, 10]);
});
