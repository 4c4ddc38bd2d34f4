import { basename, relative } from 'node:path';
import { FolderCounter } from '../analyze/mass-encryption/index.ts';
import { FOLDER_MIME } from '../contracts/plain/index.ts';
import type { GapReason } from '../domain/index.ts';
import { Manifest, walk, type ManifestEntry, type Met } from '../intake/index.ts';
import { examineUnit, unexaminedUnit, type ExaminedUnit, type ExamineOptions } from './examine-unit.ts';
import { massFinding } from './folders.ts';
import { inOrder } from './in-order.ts';
import { Ledger } from './ledger.ts';
import { linkEntry } from './unit-content.ts';
import type { TreeOutcome } from './protocol.ts';
import type { Workers } from './worker-pool.ts';

/** Files under way at once, and what their outcomes may hold together: findings and gaps. */
const BOUNDS = { window: 64, weight: 20_000, weigh: linesOf };
const EVERYTHING = { include: [], exclude: [], one_file_system: false, except: [] };

export interface FolderUnit {
  readonly path: Buffer;
  readonly display: string;
  /** What it is, in words. */
  readonly description: string;
}

/**
 * Examines a folder as one tree: its files are what members are to a container. In bounded memory, however many there are.
 * Null when the pool was closed meanwhile.
 */
export async function examineFolder(
  { path, display, description }: FolderUnit,
  pool: Workers,
  options: ExamineOptions = {},
): Promise<ExaminedUnit | null> {
  const began = performance.now();
  const name = basename(display);
  const ledger = new Ledger(name);
  const bounds = options.alone === true ? { ...BOUNDS, window: 1 } : BOUNDS;
  const closed = new Map<GapReason, number>();
  const counter = new FolderCounter(display);
  const manifest = new Manifest(path);
  let size = 0;
  let lost: string | null = null;
  for await (const examined of inOrder(walk([path], EVERYTHING), bounds, async (met) =>
    examine(met, pool, options),
  )) {
    if (examined === null) return null;
    const { unit, beside } = examined;
    if (beside !== null) manifest.add(beside.path, beside.entry);
    lost ??= unit.lost;
    for (const file of unit.files) {
      counter.add(
        file.display,
        file.outcome.findings.filter(({ known_good }) => known_good === undefined),
      );
      for (const reason of closedReasons(file.outcome)) closed.set(reason, (closed.get(reason) ?? 0) + 1);
      ledger.tree(file.outcome, [name, relative(display, file.display)]);
      const { root } = file.outcome;
      if (file.path !== null) {
        manifest.add(file.path, { type: 'file', size: root.size, sha256: root.sha256 });
      }
      size += root.size ?? 0;
    }
  }
  for (const [reason, files] of closed) {
    const detail = `${files} of its files could not be looked into`;
    const of = {
      stage: 'unpack',
      by: 'folder',
      artifact: 0,
      trail: [name],
      sha256: null,
      format: null,
    } as const;
    ledger.gap({ ...of, reason, detail, bytes: null, artifacts: files });
  }
  const mass = counter.close();
  const tree = ledger.close({ id: 0, parent: null, trail: [name] });
  const outcome: TreeOutcome = {
    ...tree,
    findings: mass === null ? tree.findings : [...tree.findings, massFinding(mass, name)],
    root: {
      size,
      sha256: manifest.close(),
      content_type: { mime: FOLDER_MIME, description, claimed: null },
      identity: null,
    },
    duration_ms: Math.round(performance.now() - began),
  };
  return { files: [{ display, path, name, outcome }], is_one: true, lost };
}

/** What a policy may tolerate of members, and not of a file that was put there: a folder that looks like a set is no container. */
const OF_WHOLE_FILES: readonly GapReason[] = ['opaque', 'unsupported_format', 'corrupt'];

function closedReasons({ gaps }: TreeOutcome): ReadonlySet<GapReason> {
  const own = gaps.filter(({ trail, reason }) => trail.length === 1 && OF_WHOLE_FILES.includes(reason));
  return new Set(own.map(({ reason }) => reason));
}

/** What came of one thing that was met; `beside`: it is no file, and part of what the folder is. */
interface ExaminedEntry {
  readonly unit: ExaminedUnit;
  readonly beside: { readonly path: Buffer; readonly entry: ManifestEntry } | null;
}

async function examine(met: Met, pool: Workers, options: ExamineOptions): Promise<ExaminedEntry | null> {
  switch (met.type) {
    case 'file':
    case 'set':
    case 'stream': {
      const unit = await examineUnit(met, pool, options);
      return unit === null ? null : { unit, beside: null };
    }
    case 'unreadable':
    case 'missing': {
      const gap = { stage: 'intake', by: 'intake', reason: 'unreadable', detail: met.message } as const;
      return { unit: unexaminedUnit(met.display, 'path' in met ? met.path : null, gap), beside: null };
    }
    case 'skipped':
      return { unit: NOTHING, beside: { path: met.path, entry: await linkEntry(met) } };
    case 'folder':
    case 'unit':
    case 'passed': // Of those, this walk knows none.
      return { unit: NOTHING, beside: null };
    default:
      return met satisfies never;
  }
}

const NOTHING: ExaminedUnit = { files: [], is_one: false, lost: null };

function linesOf(examined: ExaminedEntry | null): number {
  return (examined?.unit.files ?? []).reduce(
    (lines, { outcome }) => lines + outcome.findings.length + outcome.gaps.length,
    0,
  );
}
