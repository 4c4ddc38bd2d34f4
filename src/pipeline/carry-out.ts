import { lstat } from 'node:fs/promises';
import { errorCode, nameFromBytes, unlessMissing } from '../bytes/index.ts';
import type { FileResult } from '../contracts/index.ts';
import { rulesOf } from '../contracts/plain/index.ts';
import {
  applyDisposition,
  HELD_CONTENT,
  openClaims,
  trippedRule,
  type Breaker,
  type Disposition,
  type DispositionRequest,
  type OnStep,
  type Places,
} from '../dispose/index.ts';
import { isSameFile, unitAt, type Unit } from '../intake/index.ts';
import type { Store, WatchedFile } from '../store/index.ts';
import { changedSinceLook, leaveWhole } from './leave-whole.ts';

export interface CarryOutOptions {
  readonly places: Places;
  /** For the journal. */
  readonly who: string;
  readonly toolVersion: string;
  /** null: whoever asked for it stands by. */
  readonly breaker: Breaker | null;
  /**
   * What is done with a volume whose others came since it was scanned: `hold` it beside them, or let go of it, because somebody
   * watches who will meet all of them.
   */
  readonly joined?: 'hold' | 'let_go';
  readonly now?: () => Date;
  readonly onStep?: OnStep;
}

/**
 * Does what was decided about a file: what a scan led to, or what a reviewer answered. The store is told of each
 * step; what cannot be done now is `disposition_pending`, and what is no longer the file that was scanned ends as
 * `superseded` or `gone`. Throws BL_CONFIG for folders that cannot be trusted, BL_STORE when nothing can be recorded.
 */
export async function carryOut(
  store: Store,
  file: WatchedFile,
  options: CarryOutOptions,
): Promise<Disposition> {
  if (file.state !== 'decided') return stays(file, file.detail);
  if (file.location === null) {
    const left = await withoutMoving(store, file, options);
    if (left !== null) return left;
  }
  const result = await resultOf(store, file);
  const decision = file.decision ?? 'manual_review';
  const { places, breaker, now = () => new Date() } = options;
  if (file.sha256 === null) {
    return holdInPlace(store, file, 'left in place: it was not read to its end');
  }
  if (decision === 'manual_review' && places.reviewDir === null) {
    return holdInPlace(store, file, 'left in place: REVIEW_DIR is not set');
  }
  let tripped: string | null = null;
  if (decision === 'quarantine' && breaker !== null && file.location === null) {
    const asked = store.items.quarantinedBy.bind(store.items);
    tripped = await trippedRule(rulesOf(result), now(), breaker, asked);
    if (tripped !== null && places.reviewDir === null) {
      return holdInPlace(store, file, tooMany(tripped));
    }
  }
  const source = await sourceOf(store, file);
  if (source === 'gone') return lost(store, file, 'it was released, and is not there any more');
  if (source === null) {
    const detail =
      'what is held is not in the review folder: see that REVIEW_DIR is mounted, and `backuplens store check`';
    await store.files.pend(file.id, detail);
    return { ...stays(file, detail), action: 'failed' };
  }
  const { disposition, retry } = await applyDisposition({
    ...source,
    sha256: file.sha256,
    decision: tripped === null ? decision : 'manual_review',
    places,
    report: result,
    ledger: store.ledger,
    file: file.id,
    scan: file.scan ?? file.id,
    who: options.who,
    why: tripped === null ? null : tooMany(tripped),
    now: now(),
    toolVersion: options.toolVersion,
    ...(options.onStep === undefined ? {} : { onStep: options.onStep }),
  });
  if (disposition.action === 'failed' && (retry || (file.location !== null && source.released !== true))) {
    // What is held has no other place: what cannot be moved now, or is not what it was, waits for somebody to mend it.
    const identity = file.location === null ? await identityAt(Buffer.from(file.path)) : null;
    await store.files.pend(file.id, disposition.detail ?? '', identity ?? undefined);
  } else if (disposition.action === 'failed') {
    await lost(store, file, null);
  }
  return disposition;
}

/** What is done with a file at its place when that is not to move it; null: it may be moved. */
async function withoutMoving(
  store: Store,
  file: WatchedFile,
  { places, joined = 'hold' }: CarryOutOptions,
): Promise<Disposition | null> {
  const path = Buffer.from(file.path);
  const { decision } = file;
  const unit = await unitAt(path, { kind: file.unit, ours: openClaims(store.ledger) });
  if (unit === null || unit.kind !== file.unit || !isSameFile(unit.identity, file.identity)) {
    return otherwise(store, file, unit, joined);
  }
  if (file.sha256 === null && decision !== 'quarantine') {
    return holdInPlace(store, file, 'left in place: it was not read to its end');
  }
  if (unit.kind === 'file' && unit.part !== null && decision === 'manual_review') {
    return holdInPlace(store, file, `left in place: ${unit.part}`);
  }
  const remains = unit.kind !== 'file' || places.approvedDir === null;
  if (decision === 'auto_approve' && remains) {
    const changed = await changedSinceLook(store, file, unit);
    if (changed !== null) return lost(store, file, changed);
  }
  if (unit.kind !== 'file') return leaveWhole(store, file, unit);
  if (decision !== 'auto_approve' || places.approvedDir !== null) return null;
  await store.files.leave(file.id, null);
  return stays(file, null);
}

/** Something else stands there than what was scanned, or nothing does. */
async function otherwise(
  store: Store,
  file: WatchedFile,
  unit: Unit | null,
  joined: 'hold' | 'let_go',
): Promise<Disposition> {
  const path = Buffer.from(file.path);
  if (unit !== null && file.never_settled && file.decision !== 'auto_approve') {
    return holdInPlace(store, file, 'left in place: something keeps changing it');
  }
  const now = await identityAt(path);
  if (joined === 'hold' && file.unit === 'file' && now !== null && isSameFile(now, file.identity)) {
    return holdInPlace(store, file, 'left in place: a volume of an archive, whose others stand beside it');
  }
  return lost(store, file, 'changed since it was scanned');
}

function tooMany(rule: string): string {
  return `held: ${rule} has put too many files into quarantine within an hour; it may be a false alarm`;
}

function stays(file: WatchedFile, detail: string | null): Disposition {
  return { action: 'none', location: nameFromBytes(file.location ?? file.path), id: null, detail };
}

async function holdInPlace(store: Store, file: WatchedFile, detail: string): Promise<Disposition> {
  await store.reviews.holdInPlace(file.id, detail);
  return stays(file, detail);
}

/** What stands at its path is no longer what was scanned: whatever does is new work. */
async function lost(store: Store, file: WatchedFile, detail: string | null): Promise<Disposition> {
  const isThere = (await identityAt(Buffer.from(file.location ?? file.path))) !== null;
  await store.files.lose(file.id, isThere ? 'superseded' : 'gone');
  return { action: 'failed', location: nameFromBytes(file.location ?? file.path), id: null, detail };
}

/** The result that the decision came from; once retention has taken it, what the store still knows. */
async function resultOf(store: Store, file: WatchedFile): Promise<FileResult> {
  const scan = file.scan === null ? null : await store.scans.get(file.scan);
  if (scan !== null && scan.result !== null) return scan.result;
  return {
    path: nameFromBytes(file.path),
    size: Number(file.identity.size),
    sha256: file.sha256,
    content_type: { mime: 'application/octet-stream', description: 'not kept', claimed: null },
    verdict: file.verdict ?? 'unknown',
    decision: file.decision ?? 'manual_review',
    score: scan?.score ?? 0,
    score_lines: [],
    provisional: false,
    reasons: [],
    findings: [],
    gaps: [],
    measurements: [],
    coverage: { artifacts: 0, bytes: 0 },
    duration_ms: 0,
  };
}

type Source = Pick<DispositionRequest, 'path' | 'identity' | 'held' | 'released'>;

/**
 * Where the bytes are: at the file's own place, in its folder in the review folder, or where it was released to. null: its folder in
 * the review folder is not there; `gone`: it was released, and somebody has taken it.
 */
async function sourceOf(store: Store, file: WatchedFile): Promise<Source | 'gone' | null> {
  if (file.location === null) {
    const { dev, ino, size } = file.identity;
    return { path: Buffer.from(file.path), identity: { dev, ino, size: Number(size) }, held: null };
  }
  if (await store.files.wasReleased(file.id)) return releasedSource(Buffer.from(file.location));
  const id = Buffer.from(file.location).toString('latin1').split('/').at(-1) ?? '';
  const item = await store.ledger.item(id);
  const path = Buffer.concat([file.location, Buffer.from(`/${HELD_CONTENT}`)]);
  const stats = await unlessMissing(lstat(path, { bigint: true }));
  if (item === null || stats === null) return null;
  const { dev, ino, size } = stats;
  return {
    path,
    identity: { dev, ino, size: Number(size) },
    held: { item: id, facts: item.facts, backTo: Buffer.from(item.origin) },
  };
}

async function releasedSource(path: Buffer): Promise<Source | 'gone'> {
  const stats = await unlessMissing(lstat(path, { bigint: true })).catch((error: unknown) => {
    if (errorCode(error) === 'ENOTDIR') return null;
    throw error;
  });
  if (stats === null || !stats.isFile()) return 'gone';
  const { dev, ino, size } = stats;
  return { path, identity: { dev, ino, size: Number(size) }, held: null, released: true };
}

/** As `lstat` has it now; null where there is nothing. */
export async function identityAt(path: Buffer): Promise<WatchedFile['identity'] | null> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
    return { dev, ino, size, mtime_ns: mtimeNs, ctime_ns: ctimeNs };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error))) return null;
    throw error;
  }
}
