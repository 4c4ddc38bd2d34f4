import { resolve } from 'node:path';
import { asciiJson } from '../../bytes/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { appendCheckpoint, ownCheckpointKey, signCheckpoint } from '../../store/checkpoints/index.ts';
import type { JournalCheck } from '../../store/index.ts';
import { COULD_NOT, DONE, say, WRONG, type CommandIo } from '../command-io.ts';
import type { VerifyOptions } from './verify-options.ts';
import { withReader } from '../store-session.ts';
import { readCheckpoints, type CheckpointFile } from './checkpoint-file.ts';

const BEGINNING = '0'.repeat(64);

export async function verify(io: CommandIo, options: VerifyOptions): Promise<number> {
  const { checkpoints: file, key = null, json = false } = options;
  const head = options.head?.toLowerCase();
  if (head !== undefined && !/^[0-9a-f]{64}$/.test(head)) {
    throw new BackupLensError('BL_USAGE', '--head: expected 64 hexadecimal digits');
  }
  if (file === undefined && key !== null) {
    throw new BackupLensError('BL_USAGE', '--key without --checkpoints', {
      hint: 'name the file that holds them: --checkpoints FILE',
    });
  }
  const folders = await io.folders();
  const kept = file === undefined ? null : await readCheckpoints(resolve(file), folders.dataDir, key);
  const noted = kept?.checkpoints ?? [];
  const none: Checked = {
    check: {
      records: 0,
      head: BEGINNING,
      broken: null,
      head_found: head === undefined ? null : head === BEGINNING,
      missing: null,
    },
    others: noted.length,
  };
  const { check, others } = await withReader<Checked>(
    folders,
    async (store) => {
      const instance = await store.instanceId();
      const places = noted.filter((one) => one.instance === instance);
      return {
        check: await store.journal.verify({ places, ...(head === undefined ? {} : { head }) }),
        others: noted.length - places.length,
      };
    },
    () => none,
  );
  tell(io, check, kept, others, json);
  if (kept !== null && kept.checkpoints.length === 0 && kept.forged + kept.unknown_key === 0)
    return COULD_NOT;
  const isKept = kept === null || (kept.forged + kept.unknown_key + others === 0 && check.missing === null);
  return check.broken === null && check.head_found !== false && isKept ? DONE : WRONG;
}

interface Checked {
  readonly check: JournalCheck;
  /** Checkpoints that are not of this store. */
  readonly others: number;
}

function tell(
  io: CommandIo,
  { missing, ...check }: JournalCheck,
  kept: CheckpointFile | null,
  others: number,
  json: boolean,
): void {
  const { broken, records } = check;
  const last = kept?.checkpoints.at(-1) ?? null;
  if (json) {
    const checkpoints =
      kept === null
        ? null
        : {
            signed: kept.checkpoints.length,
            last: last === null ? null : { seq: last.seq, time: last.time },
            missing,
            forged: kept.forged,
            unknown_key: kept.unknown_key,
            other_store: others,
            no_checkpoint: kept.no_checkpoint,
          };
    io.out(`${asciiJson({ ...check, checkpoints })}\n`);
  } else {
    io.out(`${records} records in order, head ${check.head}\n`);
    if (last !== null)
      io.out(
        `${kept?.checkpoints.length} signed checkpoints, the last of record ${last.seq} at ${last.time}\n`,
      );
  }
  if (broken !== null)
    say(io, `record ${broken.seq} is broken: ${broken.reason}`, 'compare with a backup of the store');
  if (check.head_found === false)
    say(io, 'no record has that head', 'the journal was cut, or begun anew, since it was noted');
  if (kept === null) return;
  if (missing !== null) {
    const what = `record ${missing.seq} is not the one that a checkpoint was signed for`;
    say(io, what, 'the journal was cut, changed or begun anew since; compare with a backup of the store');
  }
  const { forged, unknown_key: unknown, no_checkpoint: rest } = kept;
  if (forged > 0) say(io, `${forged} checkpoints are not what their key has signed: they were changed`);
  if (unknown > 0) {
    const trusted = kept.trusted.length === 0 ? 'none' : kept.trusted.join(', ');
    say(io, `${unknown} checkpoints are signed by a key that is not trusted here`, `trusted: ${trusted}`);
  }
  if (others > 0) say(io, `${others} checkpoints are of another store`);
  if (rest > 0)
    say(io, `${rest} lines are no checkpoints`, 'a line that was cut while it was written is one');
  if (!kept.key_given)
    say(
      io,
      'trusted are the keys in DATA_DIR/keys',
      'with --key, give the public key from where only you can change it',
    );
}

/** Signs where the journal stands. */
export async function checkpoint(io: CommandIo, file: string | null): Promise<number> {
  const folders = await io.folders();
  const stands = await withReader(
    folders,
    async (store) => ({ instance: await store.instanceId(), ...(await store.journal.head()) }),
    () => null,
  );
  if (stands === null) {
    say(
      io,
      `there is no store in ${folders.dataDir} yet`,
      'the service or the first `scan --apply` makes it',
    );
    return WRONG;
  }
  const key = await ownCheckpointKey(folders.dataDir);
  const line = signCheckpoint({ ...stands, time: new Date().toISOString() }, key);
  if (file === null) {
    io.out(`${line}\n`);
    return DONE;
  }
  try {
    await appendCheckpoint(resolve(file), line);
  } catch (cause) {
    throw new BackupLensError('BL_OUTPUT', `${file}: ${inWords(cause)}`, { cause });
  }
  return DONE;
}
