import type { FileResult } from '../../../src/contracts/index.ts';
import { newId, type Intent, type KeptFacts } from '../../../src/domain/index.ts';
import type { ScanRecord, Sighting } from '../../../src/store/index.ts';
import { result } from '../sample-report.ts';

/** SHA-256 of nothing in particular: one digit repeated. */
export const hashOf = (digit: string): string => digit.repeat(64);

let inode = 1000n;

/** A settled file that intake met; each is another inode unless it is said. */
export function sighting(path: string | Buffer, more: Partial<Sighting> = {}): Sighting {
  inode += 1n;
  return {
    path: Buffer.from(path),
    identity: { dev: 2049n, ino: inode, size: 12n, mtime_ns: 1_700_000_000_123_456_789n, ctime_ns: 5n },
    share: Buffer.from('top'),
    lane: 'fresh',
    never_settled: false,
    ...more,
  };
}

export function scanOf(more: Partial<FileResult> = {}): ScanRecord {
  return {
    started_at: '2026-11-28T11:59:00.000Z',
    finished_at: '2026-11-28T11:59:30.000Z',
    result: result('a', { sha256: hashOf('a'), size: 12, ...more }),
    policy_sha256: hashOf('b'),
    tool_version: '0.1.0',
    engines: { clamav: { status: 'ok' } },
  };
}

export const approved = (more: Partial<FileResult> = {}): ScanRecord =>
  scanOf({
    decision: 'auto_approve',
    verdict: 'benign',
    score: 0,
    findings: [],
    gaps: [],
    reasons: [],
    ...more,
  });
export const forReview = (more: Partial<FileResult> = {}): ScanRecord =>
  scanOf({ decision: 'manual_review', verdict: 'suspicious', score: 70, ...more });
export const forQuarantine = (more: Partial<FileResult> = {}): ScanRecord =>
  scanOf({ decision: 'quarantine', verdict: 'malicious', score: 200, ...more });

export function intentOf(kind: Intent['kind'], more: Partial<Intent> = {}): Intent {
  const now = new Date('2026-11-28T12:00:00.000Z');
  return {
    id: newId(now),
    kind,
    item: null,
    file: null,
    at: now.toISOString(),
    who: 'a test',
    why: null,
    from: Buffer.from('/in/caf\xe9', 'latin1'),
    from_folder_ino: '18446744073709551615',
    dev: '2049',
    ino: '7',
    size: 12,
    sha256: hashOf('a'),
    to_folder: Buffer.from('/quarantine'),
    to_folder_ino: '9',
    to_name: null,
    ending: 'scan',
    keep: false,
    ...more,
  };
}

export function factsOf(id: string, more: Partial<KeptFacts> = {}): KeptFacts {
  const path = Buffer.from('/in/caf\xe9', 'latin1');
  return {
    id,
    taken_at: '2026-11-28T12:00:00.000Z',
    tool: { name: 'backuplens', version: '0.1.0' },
    origin: { path: '/in/caf\\xE9', path_base64: path.toString('base64') },
    size: 12,
    sha256: hashOf('a'),
    mode: '4755',
    uid: 0,
    gid: 0,
    mtime_ns: '1',
    atime_ns: '2',
    nlink: 1,
    xattrs: null,
    decision: 'quarantine',
    verdict: 'malicious',
    score: 200,
    reasons: ['a rule'],
    rules: ['yara_match:Test_Rule'],
    ...more,
  };
}
