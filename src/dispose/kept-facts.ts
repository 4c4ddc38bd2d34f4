import type { BigIntStats } from 'node:fs';
import { nameFromBytes } from '../bytes/index.ts';
import type { FileResult } from '../contracts/index.ts';
import { rulesOf } from '../contracts/plain/index.ts';
import type { KeptFacts } from '../domain/index.ts';
import { boundedReasons } from './container.ts';

export interface KeptFrom {
  readonly id: string;
  readonly now: Date;
  readonly toolVersion: string | null;
  readonly origin: Buffer;
  readonly sha256: string;
  readonly stats: BigIntStats;
  readonly report: FileResult;
  readonly xattrs: KeptFacts['xattrs'];
}

/** What is kept of a file besides its bytes. */
export function factsOf({
  id,
  now,
  toolVersion,
  origin,
  sha256,
  stats,
  report,
  xattrs,
}: KeptFrom): KeptFacts {
  return {
    id,
    taken_at: now.toISOString(),
    tool: { name: 'backuplens', version: toolVersion },
    origin: { path: nameFromBytes(origin), path_base64: origin.toString('base64') },
    size: Number(stats.size),
    sha256,
    mode: (stats.mode & 0o7777n).toString(8).padStart(4, '0'),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime_ns: String(stats.mtimeNs),
    atime_ns: String(stats.atimeNs),
    nlink: Number(stats.nlink),
    decision: report.decision,
    verdict: report.verdict,
    score: report.score,
    reasons: boundedReasons(report.reasons),
    rules: rulesOf(report),
    xattrs,
  };
}

/** True when a file takes less room than it has bytes: its holes are to stay holes. */
export function isSparse({ size, blocks }: BigIntStats): boolean {
  return blocks * 512n < size;
}
