import { lstat, realpath } from 'node:fs/promises';
import { nameFromBytes } from '../../bytes/index.ts';
import { isOwnerFile, openClaims } from '../../dispose/index.ts';
import { BackupLensError, inWords, type UnitKind } from '../../domain/index.ts';
import { unitAt, unitsOf, volumesWith } from '../../intake/index.ts';
import type { GateAnswer, Store } from '../../store/index.ts';
import { hashUnit } from '../unit-content.ts';

/** What the gate says, and of what. */
export interface GateSaid extends GateAnswer {
  /** Of what was asked about, links resolved. */
  readonly path: Buffer;
  /** The unit that it belongs to: itself, or the set that is approved as a whole or not at all. null: a folder of several. */
  readonly unit: { readonly path: Buffer; readonly kind: UnitKind } | null;
  /** Of what stands there now; null for a folder of several units. */
  readonly sha256: string | null;
}

type GateStore = Pick<Store, 'gate' | 'files' | 'ledger' | 'instanceId'>;
type Said = Omit<GateSaid, 'path'>;

/**
 * Whether what stands at a path now stands approved: reads all of it, and for a file of a set all of the set, which is worth
 * nothing without its other files. A folder that is no set stands approved when everything in it does. `anywhere`: by content
 * alone. Throws BL_PATH_MISSING for what cannot be read to its end as one.
 */
export async function askGate(
  store: GateStore,
  given: string | Buffer,
  { anywhere = false }: { readonly anywhere?: boolean } = {},
): Promise<GateSaid> {
  try {
    const path = await realpath(given, { encoding: 'buffer' });
    const said = anywhere ? await byContent(store, path) : await atPlace(store, path);
    return { ...said, path };
  } catch (error) {
    if (error instanceof BackupLensError) throw error;
    throw new BackupLensError('BL_PATH_MISSING', `cannot read ${given.toString()}: ${inWords(error)}`, {
      cause: error,
    });
  }
}

async function byContent(store: GateStore, path: Buffer): Promise<Said> {
  const kind = (await lstat(path)).isDirectory() ? 'dropped' : 'file';
  const sha256 = await hashUnit({ path, kind, set: null });
  if (sha256 === null) throw new Error('not all of it can be read');
  return { ...(await store.gate.anywhere(sha256)), sha256, unit: { path, kind } };
}

async function atPlace(store: GateStore, path: Buffer): Promise<Said> {
  const around = await unitAround(store, path);
  if (around !== null) return ofUnit(store, around);
  if (!(await lstat(path)).isDirectory()) return ofUnit(store, { path, kind: 'file' });
  return ofFolder(store, path);
}

interface KnownUnit {
  readonly path: Buffer;
  readonly kind: UnitKind;
}

/** The unit of several files that this is, or lies in, as the store knows it. */
async function unitAround(store: GateStore, path: Buffer): Promise<KnownUnit | null> {
  for (let at = path; at.length > 1; at = at.subarray(0, Math.max(1, at.lastIndexOf('/')))) {
    const row = await store.files.at(at);
    if (row === null || row.unit === 'file') continue;
    // Of volumes only the first has the row: a folder is no volume.
    if (row.unit !== 'volumes' || at.equals(path)) return { path: at, kind: row.unit };
  }
  const volumes = await volumesWith(path);
  return volumes === null ? null : { path: volumes.path, kind: 'volumes' };
}

async function ofUnit(store: GateStore, { path, kind }: KnownUnit): Promise<Said> {
  const now = await unitAt(path, { kind, ours: openClaims(store.ledger) });
  // A volume without its others is asked about as what it is: one file.
  const unit = now ?? { path, kind: 'file' as const, set: null };
  const sha256 = await hashUnit(unit);
  if (sha256 === null) throw new Error('not all of it can be read');
  const answer = await store.gate.at(path, sha256);
  return { ...answer, sha256, unit: { path, kind: unit.kind } };
}

function ofSeveral(isApproved: boolean, because: string, of: Partial<GateAnswer> = {}): Said {
  return { ...NOTHING, ...of, sha256: null, unit: null, approved: isApproved, because };
}

/** Everything in it, up to the first that does not stand approved. */
async function ofFolder(store: GateStore, folder: Buffer): Promise<Said> {
  let [approved, links] = [0, 0];
  let last = Buffer.alloc(0);
  const instance = await store.instanceId();
  for await (const one of unitsOf(folder, { ours: openClaims(store.ledger) })) {
    if ('type' in one && one.type === 'skipped') {
      links++;
      continue;
    }
    const name = nameFromBytes(one.path.subarray(folder.length + 1));
    if ('type' in one) return ofSeveral(false, `${name} cannot be looked at: ${one.message}`);
    const around = await unitAround(store, one.path);
    // What we wrote ourselves was never examined, and nobody could have it approved.
    if (around === null && one.kind === 'file' && (await isOwnerFile(one.path, instance))) continue;
    const unit = around ?? one;
    // A folder that is one unit was asked about with its first file.
    if (last.equals(unit.path)) continue;
    last = Buffer.from(unit.path);
    const answer = await ofUnit(store, unit);
    if (!answer.approved) return ofSeveral(false, `${name}: ${answer.because}`, answer);
    approved++;
  }
  if (approved === 0) return ofSeveral(false, 'there is nothing in it that was ever examined');
  const beside = links === 0 ? '' : `; ${links} links and special files in it were never examined`;
  return ofSeveral(true, `everything in it stands approved (${approved})${beside}`);
}

const NOTHING = { file: null, scan: null, decision: null, decided_at: null };
