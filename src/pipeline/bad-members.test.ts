import { describe, expect, test } from 'vitest';
import {
  DEFAULT_POLICY,
  type Finding,
  type Gap,
  type JudgedGap,
  type WeighedFinding,
} from '../domain/index.ts';
import { badMembers } from './bad-members.ts';

const JUDGE = {
  policy: { ...DEFAULT_POLICY, sha256: '0'.repeat(64), strict: false },
  baseline: [],
  as_of: '2026-01-01T00:00:00Z',
};
const TAR = {
  content_type: { mime: 'application/x-tar', description: 'tar', claimed: null },
  coverage: { artifacts: 9, bytes: 1_000_000 },
};

function found(trail: Finding['trail'], over: Partial<Finding> = {}): WeighedFinding {
  return {
    kind: 'clamav_infected',
    engine: 'clamav',
    rule: 'Marker',
    artifact: trail.length === 1 ? 0 : trail.join('/').length,
    trail,
    sha256: null,
    detail: '',
    offset: null,
    evidence: {},
    accepted: null,
    weight: 0,
    ...over,
  };
}

function missing(trail: Gap['trail'], over: Partial<JudgedGap> = {}): JudgedGap {
  return {
    stage: 'unpack',
    by: 'zip',
    reason: 'encrypted',
    artifact: 1,
    trail,
    sha256: null,
    format: null,
    detail: '',
    bytes: 10,
    artifacts: 1,
    rule: 'review',
    accepted: null,
    ...over,
  };
}

function names(
  findings: readonly WeighedFinding[],
  gaps: readonly JudgedGap[] = [],
  result = TAR,
): readonly [members: readonly string[], rest: number] {
  const { members, rest } = badMembers(result, { findings, gaps }, JUDGE);
  return [members.map(({ name }) => name), rest.length];
}

describe('members to leave out', () => {
  test('what an engine says of the whole because of a bad member leaves with it', () => {
    expect(names([found(['x.tar']), found(['x.tar', 'a'])])).toEqual([['a'], 0]);
  });

  test('what it says of the whole and of no member keeps the whole from being restored', () => {
    expect(names([found(['x.tar'], { rule: 'Other' }), found(['x.tar', 'a'])])).toEqual([['a'], 1]);
    expect(names([found(['x.tar', '(data after the end)'])])).toEqual([[], 1]);
  });

  test('what an engine says of a good member is not explained by a bad one', () => {
    const mild = { kind: 'high_entropy', engine: 'entropy', rule: 'r' } as const;
    expect(names([found(['x.tar', 'a']), found(['x.tar', 'b'], mild)])).toEqual([['a'], 0]);
  });

  test('a member stands for everything in it, of a compressed tar the members of the tar', () => {
    const deep = found(['x.tar', 'a.zip', 'b/c']);
    expect(names([deep])).toEqual([['a.zip'], 0]);
    const gz = { ...TAR, content_type: { ...TAR.content_type, mime: 'application/gzip' } };
    expect(names([found(['x.tgz', 'x.tar', 'a.zip', 'b'])], [], gz)).toEqual([['a.zip'], 0]);
    expect(names([found(['x.tgz', 'x.tar'])], [], gz)).toEqual([[], 1]);
  });

  test('what the policy reviews is bad, what it tolerates is not, until there is too much of it', () => {
    const tolerated = missing(['x.tar', 'b'], { reason: 'unsupported_format', rule: 'tolerate' });
    expect(names([], [missing(['x.tar', 'a']), tolerated])).toEqual([['a'], 0]);
    expect(names([], [{ ...tolerated, bytes: 100_000 }])).toEqual([[], 1]);
  });

  test('a name of which only the beginning is known has no bytes', () => {
    const cut = `${'x'.repeat(960)}…[2000 bytes, sha256 0123456789abcdef]`;
    const { members } = badMembers(TAR, { findings: [found(['x.tar', cut])], gaps: [] }, JUDGE);
    expect(members).toEqual([{ name: cut, bytes: null }]);
  });
});
