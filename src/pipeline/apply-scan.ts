import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { join, split } from '../bytes/index.ts';
import type { FileResult } from '../contracts/index.ts';
import { BackupLensError, inWords, type Engines } from '../domain/index.ts';
import type { Sighting, Store } from '../store/index.ts';
import { carryOut } from './carry-out.ts';
import type { Recalled } from './remembered.ts';
import type { Apply, ScanRequest } from './request.ts';

/** A request with what was found out when it was begun. */
export interface Running extends ScanRequest {
  readonly state: Engines;
  readonly started_at: string;
}

/** One that carries out what it decides. */
export interface Applying extends Running {
  readonly apply: Apply;
}

/** Records what was decided of something that was met, and carries it out; the result says what was done. */
export async function dispositionOf(
  store: Store,
  met: Pick<Sighting, 'path' | 'identity' | 'unit' | 'others'>,
  { result, remembered }: Recalled,
  { apply, version, policy, state, started_at: startedAt }: Applying,
): Promise<FileResult> {
  const file = await store.files.recordAt(
    { ...met, share: Buffer.alloc(0), lane: 'fresh', never_settled: false },
    {
      started_at: startedAt,
      finished_at: new Date().toISOString(),
      result,
      policy_sha256: policy.sha256,
      tool_version: version,
      engines: state,
      ...(remembered === null ? {} : { remembered }),
    },
  );
  const options = { places: apply.places, who: apply.who, toolVersion: version, breaker: null };
  const disposition = await carryOut(store, file, options);
  return disposition.action === 'none' && result.decision === 'auto_approve'
    ? result
    : { ...result, disposition };
}

export function notDone(result: FileResult, detail: string): FileResult {
  return { ...result, disposition: { action: 'failed', location: result.path, id: null, detail } };
}

/** The folder it lay in may be gone or closed to us; what keeps us from recording anything ends the run. */
export async function recorded(result: FileResult, work: () => Promise<FileResult>): Promise<FileResult> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackupLensError) throw error;
    return notDone(result, inWords(error));
  }
}

/** The file's own place: every folder on the way a real one. */
export async function canonical(given: Buffer): Promise<Buffer> {
  const absolute = given[0] === 0x2f ? given : join(Buffer.from(resolve('.')), given);
  const { folder, name } = split(absolute);
  return join(await realpath(folder, { encoding: 'buffer' }), name);
}
