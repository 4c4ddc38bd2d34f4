import { createHash } from 'node:crypto';
import type { EngineEndpoints } from '../../analyze/index.ts';
import { daemonIdentity, type WhenSeen } from '../../analyze/clamav/index.ts';
import type { Engines } from '../../domain/index.ts';
import { lastBrought, type Bringers } from './bringers.ts';
import type { VerdictSetup, WorkerSetup } from '../protocol.ts';

/** The engines as they are at one moment. */
export interface EnginesNow {
  readonly state: Pick<Engines, 'clamav' | 'yara'>;
  readonly endpoints: EngineEndpoints;
}

/** What an examination rests on beside the engines and the bytes. */
export type ExaminedBy = Pick<
  WorkerSetup,
  'limits' | 'passwords' | 'entropy_threshold' | 'ransomware_names' | 'hash_sets'
>;

/** Everybody who judges at one moment: two that are equal give the same answers to the same bytes. */
export interface Judges {
  /** Engines whose answers may be kept. */
  readonly engines: VerdictSetup;
  /** All of them together, for whole trees; null: somebody's answers may not be kept, and so no tree's. */
  readonly tree: string | null;
  /** Of ClamAV and of trees: answers from before are of no use (ms since 1970). */
  readonly not_before: number;
}

export interface JudgesFrom {
  readonly engines: EnginesNow;
  readonly examined_by: ExaminedBy;
  /** Of the code that examines. */
  readonly program: string;
  /** Its clamd.conf, as it was given. */
  readonly clamd_conf: string | null;
  readonly brought_by: Bringers;
  /** Drawn again when something may have changed that nobody can see. */
  readonly epoch: string;
  readonly when: WhenSeen;
}

/** Of what a clamd said whose signatures cannot be seen, in ms (ATTACKS A6). */
const MAX_UNSEEN_MS = 24 * 3_600_000;
const OFF = 'off';

/** Asks the engines who they are. Never rejects: whoever does not say so is not believed later. */
export async function judgesNow(from: JudgesFrom): Promise<Judges> {
  const clamav = await clamavJudge(from);
  const yara = yaraJudge(from);
  const { examined_by: by, program } = from;
  const engines: Record<string, VerdictSetup[string]> = {};
  if (clamav !== null && clamav.judge !== OFF) engines['clamav'] = { judge: clamav.judge, beside: false };
  if (yara !== null && yara.judge !== OFF) engines['yara'] = yara;
  const tree =
    clamav === null || yara === null
      ? null
      : hashOf([
          program,
          clamav.judge,
          yara.judge,
          by.limits,
          by.passwords,
          by.entropy_threshold,
          by.ransomware_names,
          by.hash_sets === undefined ? null : (by.hash_sets.sha256 ?? by.hash_sets.table),
        ]);
  return { engines, tree, not_before: clamav?.whole === false ? from.when.now - MAX_UNSEEN_MS : 0 };
}

async function clamavJudge({
  engines: { state, endpoints },
  clamd_conf: conf,
  brought_by,
  epoch,
  program,
  when,
}: JudgesFrom): Promise<{ judge: string; whole: boolean } | null> {
  const { clamd } = endpoints;
  if (state.clamav.status === 'off') return { judge: OFF, whole: true };
  // One whose canary nobody knows may be blind, and so may somebody who only says that it is a clamd (ATTACKS A3).
  if (state.clamav.status !== 'ok' || 'away' in clamd || clamd.stale !== null) return null;
  const identity = await daemonIdentity(clamd.address, conf, when).catch(() => null);
  if (identity === null) return null;
  const canary = clamd.canary === null ? null : Buffer.from(clamd.canary).toString('base64');
  const unseen = identity.whole ? null : await lastBrought(brought_by, when.now);
  // It may still judge by what it had before.
  if (unseen !== null && !unseen.loaded) return null;
  const judge = hashOf(['clamav', program, identity.id, canary, unseen === null ? null : [epoch, unseen.id]]);
  return { judge, whole: identity.whole };
}

function yaraJudge({
  engines: { state, endpoints },
  program,
}: JudgesFrom): { judge: string; beside: boolean } | null {
  const { status, version, rules, rules_sha256, rejected, externals } = state.yara;
  if (status === 'off') return { judge: OFF, beside: false };
  if (status !== 'ok' || 'away' in endpoints.yara || rules_sha256 === null || version === null) return null;
  // Our own child's socket has another name every time; whose rules it has is what counts.
  const where = 'socket' in endpoints.yara ? 'embedded' : endpoints.yara.url;
  const judge = hashOf(['yara', program, where, version, rules, rules_sha256, rejected]);
  return { judge, beside: externals === undefined || externals.length > 0 };
}

export function isSameJudge(one: Judges, other: Judges, engine: string | null): boolean {
  if (engine === null) return one.tree === other.tree;
  return one.engines[engine]?.judge === other.engines[engine]?.judge;
}

function hashOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
