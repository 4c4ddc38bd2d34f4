import { readAtMost } from '../../bytes/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { checkpointKeys, readCheckpoint, type Checkpoint } from '../../store/checkpoints/index.ts';

/** Twenty years of one an hour. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** What a file of checkpoints holds. */
export interface CheckpointFile {
  /** Those that a trusted key has signed, in the order of the journal. */
  readonly checkpoints: readonly Checkpoint[];
  readonly forged: number;
  readonly unknown_key: number;
  readonly no_checkpoint: number;
  readonly trusted: readonly string[];
  readonly key_given: boolean;
}

/** Throws BL_USAGE for a file that cannot be read, and BL_CONFIG for such a key. */
export async function readCheckpoints(
  path: string,
  dataDir: string,
  key: string | null,
): Promise<CheckpointFile> {
  const keys = await checkpointKeys(dataDir, key);
  let text: string;
  try {
    text = (await readAtMost(path, MAX_FILE_BYTES)).toString('latin1');
  } catch (cause) {
    throw new BackupLensError('BL_USAGE', `--checkpoints ${path}: ${inWords(cause)}`, { cause });
  }
  const checkpoints: Checkpoint[] = [];
  const problems = { forged: 0, unknown_key: 0, no_checkpoint: 0 };
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const read = readCheckpoint(line, keys);
    if (read.ok) checkpoints.push(read.checkpoint);
    else problems[read.problem]++;
  }
  checkpoints.sort((one, other) => one.seq - other.seq);
  return { checkpoints, ...problems, trusted: [...keys.keys()], key_given: key !== null };
}
