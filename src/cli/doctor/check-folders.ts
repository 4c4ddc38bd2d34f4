import { constants, type Stats } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import type { EffectiveConfig } from '../../config/index.ts';
import type { HealthCheck } from '../../contracts/index.ts';
import { assertApart } from '../../dispose/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { fail, ok, warn } from './check.ts';

type Settings = Pick<
  EffectiveConfig,
  'dataDir' | 'incomingDir' | 'quarantineDir' | 'reviewDir' | 'approvedDir'
>;

/** Folders that files are taken from and moved to: there, ours, and nobody else's to change. */
export async function checkFolders(config: Settings): Promise<readonly HealthCheck[]> {
  const ours = {
    DATA_DIR: config.dataDir.value,
    QUARANTINE_DIR: config.quarantineDir.value,
    REVIEW_DIR: config.reviewDir.value,
  };
  const theirs = { INCOMING_DIR: config.incomingDir.value, APPROVED_DIR: config.approvedDir.value };
  const checks: HealthCheck[] = [];
  for (const [name, path] of Object.entries(ours)) {
    if (path !== null) checks.push(await checkFolder(name, path, true));
  }
  for (const [name, path] of Object.entries(theirs)) {
    if (path !== null) checks.push(await checkFolder(name, path, false));
  }
  return [...checks, await apart({ ...ours, ...theirs })];
}

/** `alone`: nobody else may change it. Others may bring files in, and take what is approved away. */
async function checkFolder(name: string, path: string, alone: boolean): Promise<HealthCheck> {
  const id = `folder-${name.toLowerCase().replaceAll('_', '-')}`;
  let stats: Stats;
  try {
    stats = await lstat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return ok(id, `${name} ${path} is not there yet: it is made when it is needed`, { path });
    }
    return fail(id, `${name} ${path}: ${inWords(error)}`, 'make it readable to this user', { path });
  }
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
  const facts = { path, mode, uid: stats.uid };
  const me = process.geteuid?.();
  if (stats.isSymbolicLink() && alone) {
    const todo = `set ${name} to the folder that it leads to`;
    return fail(
      id,
      `${name} ${path} is a symbolic link, which could be turned to somewhere else`,
      todo,
      facts,
    );
  }
  if (!stats.isDirectory() && !stats.isSymbolicLink()) {
    return fail(id, `${name} ${path} is no folder`, `set ${name} to a folder`, facts);
  }
  const sticky = (stats.mode & 0o1000) !== 0;
  const group = (stats.mode & 0o020) !== 0;
  const others = (stats.mode & 0o002) !== 0;
  if (alone && (group || others)) {
    const what = `${name} ${path} can be changed by ${others ? 'everybody' : `group ${stats.gid}`} (mode ${mode}): it is refused`;
    return fail(id, what, `chmod go-w ${path}`, facts);
  }
  if (me !== undefined && me !== 0 && stats.uid !== me && alone) {
    return fail(
      id,
      `${name} ${path} belongs to user ${stats.uid}, and not to you (${me})`,
      `chown ${me} ${path}`,
      facts,
    );
  }
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return fail(
      id,
      `${name} ${path} cannot be written: ${inWords(error)}`,
      `give this user (${me ?? 'you'}) the right to read and write it`,
      facts,
    );
  }
  if (!alone && others && !sticky) {
    const what = `${name} ${path} can be changed by everybody (mode ${mode})`;
    return warn(id, what, `chmod o-w ${path}, and bring files in by a group`, facts);
  }
  return ok(id, `${name} ${path} is as it should be`, facts);
}

async function apart(folders: Readonly<Record<string, string | null>>): Promise<HealthCheck> {
  try {
    await assertApart(folders);
    return ok('folders-apart', 'no folder of ours lies in another');
  } catch (error) {
    if (!(error instanceof BackupLensError)) throw error;
    return fail('folders-apart', error.message, error.hint ?? 'give folders of which none holds another');
  }
}
