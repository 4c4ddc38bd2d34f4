import { basename } from 'node:path';
import { BackupLensError, type Gap } from '../domain/index.ts';
import type { FileMet, Met, PartSet } from '../intake/index.ts';
import { unexamined } from './file-result.ts';
import { withJoined } from './one-decision.ts';
import type { TreeOutcome } from './protocol.ts';
import { withPartGap } from './part-gap.ts';
import type { PoolOutcome, Workers } from './worker-pool.ts';

/** One file, with everything in it, as the scan workers left it. */
export interface ExaminedFile {
  readonly display: string;
  /** null: standard input, or what is not to be touched. */
  readonly path: Buffer | null;
  /** First name of its trail. */
  readonly name: string;
  readonly outcome: TreeOutcome;
}

/** What was examined together: a file, or the parts of one archive. */
export interface ExaminedUnit {
  readonly files: readonly ExaminedFile[];
  /** One decision holds for all. */
  readonly is_one: boolean;
  /** Why no worker came to its end, even alone; null when one did. */
  readonly lost: string | null;
}

export interface ExamineOptions {
  /** Nothing else is done by its worker. */
  readonly alone?: boolean;
}

/** Examines it in the pool. Null when the pool was closed meanwhile. Throws BL_INTERNAL when no worker can be started. */
export async function examineUnit(
  met: FileMet | PartSet | Extract<Met, { type: 'stream' }>,
  pool: Workers,
  options: ExamineOptions = {},
): Promise<ExaminedUnit | null> {
  const files = met.type === 'set' ? met.parts : [met];
  const parts = files.map((file) => ({
    display: file.display,
    path: file.type === 'file' ? file.path : null,
    name: (file.type === 'file' ? file.called : undefined) ?? basename(file.display),
  }));
  const [first, ...others] = parts;
  if (first === undefined) throw new Error('a set without parts');
  const size = files.reduce((sum, file) => sum + (file.type === 'file' ? file.size : Infinity), 0);
  const rest =
    met.type === 'set'
      ? {
          parts: others.map(({ path, name }) => ({ path: path ?? Buffer.alloc(0), name })),
          certain: met.certain,
        }
      : undefined;
  const came = await pool.run(first.path, first.name, size, {
    ...options,
    ...(rest === undefined ? {} : { rest }),
    ...(met.type === 'file' && met.stats !== undefined ? { met: met.stats } : {}),
  });
  if (came.type === 'lost' && pool.broken !== null) {
    throw new BackupLensError('BL_INTERNAL', `no scan worker can be started: ${pool.broken}`);
  }
  if (came.type === 'lost' && pool.closed) return null;
  const outcomes = outcomesOf(
    came,
    parts.map(({ name }) => name),
  );
  const note = met.type === 'file' ? (met.part ?? null) : null;
  return {
    files: parts.flatMap((part, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined) return [];
      return [{ ...part, outcome: note === null ? outcome : withPartGap(outcome, part.name, note) }];
    }),
    is_one:
      met.type === 'set' && (came.type === 'lost' || (came.set?.joined ?? null) !== null || met.certain),
    lost: came.type === 'lost' ? came.why : null,
  };
}

/** What nobody could or should look at. */
export function unexaminedUnit(
  display: string,
  path: Buffer | null,
  gap: Pick<Gap, 'stage' | 'by' | 'reason' | 'detail'>,
): ExaminedUnit {
  const name = basename(display);
  return { files: [{ display, path, name, outcome: unexamined(gap, name) }], is_one: false, lost: null };
}

/** One for each part, in order. */
function outcomesOf(came: PoolOutcome, names: readonly string[]): TreeOutcome[] {
  if (came.type === 'lost') {
    const nothing = { findings: [], gaps: [] };
    return names.map((name, index) => lost(name, index === 0 ? came : { ...came, seen: nothing }));
  }
  const { outcome, set } = came;
  const joined = set?.joined ?? null;
  return [joined === null ? outcome : withJoined(outcome, joined), ...(set?.rest ?? [])];
}

/** A file whose worker died or hung even when it was alone: what was seen before stands, the rest is a gap. */
function lost(
  name: string,
  { why, seen }: { why: string; seen: Pick<TreeOutcome, 'findings' | 'gaps'> },
): TreeOutcome {
  const nothing = unexamined({ stage: 'pipeline', by: 'worker', reason: 'engine_failed', detail: why }, name);
  return { ...nothing, findings: seen.findings, gaps: [...seen.gaps, ...nothing.gaps] };
}
