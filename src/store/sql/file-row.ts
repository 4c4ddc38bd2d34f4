import type { FileIdentity, Sighting, WatchedFile, Work } from '../watched-file.ts';
import type { FileRow } from './tables.ts';

export function fileOf(row: FileRow): WatchedFile {
  return {
    id: row.id,
    path: row.path,
    unit: row.unit,
    identity: {
      dev: BigInt(row.dev),
      ino: BigInt(row.ino),
      size: BigInt(row.size),
      mtime_ns: BigInt(row.mtime_ns),
      ctime_ns: BigInt(row.ctime_ns),
    },
    state: row.state,
    lane: row.lane,
    never_settled: row.never_settled === 1,
    accepted_at: row.accepted_at,
    changed_at: row.changed_at,
    location: row.location,
    suspect: row.suspect === 1,
    attempts: row.attempts,
    scan: row.scan,
    sha256: row.sha256,
    decision: row.decision,
    verdict: row.verdict,
    provisional_since: row.provisional_since,
    detail: row.detail,
  };
}

export function workOf(row: FileRow, lease: string): Work {
  return { ...fileOf(row), state: 'scanning', lease };
}

export function identityColumns(
  identity: FileIdentity,
): Pick<FileRow, 'dev' | 'ino' | 'size' | 'mtime_ns' | 'ctime_ns'> {
  return {
    dev: String(identity.dev),
    ino: String(identity.ino),
    size: String(identity.size),
    mtime_ns: String(identity.mtime_ns),
    ctime_ns: String(identity.ctime_ns),
  };
}

export function isSame(row: FileRow, { identity, unit = 'file' }: Sighting): boolean {
  const now = identityColumns(identity);
  return (
    row.unit === unit &&
    row.dev === now.dev &&
    row.ino === now.ino &&
    row.size === now.size &&
    row.mtime_ns === now.mtime_ns &&
    row.ctime_ns === now.ctime_ns
  );
}

/** A row that was accepted just now. */
export function newRow(sighting: Sighting, id: string, turn: number, now: string): FileRow {
  return {
    id,
    path: sighting.path,
    unit: sighting.unit ?? 'file',
    at_path: 1,
    ...identityColumns(sighting.identity),
    share: sighting.share,
    lane: sighting.lane,
    turn,
    never_settled: sighting.never_settled ? 1 : 0,
    state: 'waiting',
    suspect: 0,
    attempts: 0,
    pended: 0,
    session: null,
    lease: null,
    lease_until: null,
    accepted_at: now,
    changed_at: now,
    location: null,
    scan: null,
    sha256: null,
    decision: null,
    verdict: null,
    provisional_since: null,
    detail: null,
  };
}
