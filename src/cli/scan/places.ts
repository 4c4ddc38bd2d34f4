import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { EffectiveConfig, UsedFile } from '../../config/index.ts';
import type { Folders } from '../../config/folders/index.ts';
import { BackupLensError } from '../../domain/index.ts';

/** What lies where: nothing that decides, and no folder that files are moved to, may lie in what is scanned. */

/** What decides must not lie in what is scanned: assertTrusted sees to the arguments, this to a list of paths. */
export function refuseOver(path: Buffer, used: readonly UsedFile[]): void {
  const [real] = withRealPaths([path.toString()]).slice(-1);
  const inside = used.find(
    (file) => file.path === real || file.path.startsWith(real?.endsWith('/') === true ? real : `${real}/`),
  );
  if (inside === undefined) return;
  throw new BackupLensError('BL_UNTRUSTED_CONFIG', `${inside.path} lies in ${real}, which is to be scanned`, {
    hint: 'name a policy, rules and folders elsewhere (--scoring, --rules, QUARANTINE_DIR)',
  });
}

/** Moving files into a folder that is itself being scanned would never end well. */
export function dispositionFolders(config: EffectiveConfig, roots: readonly string[]): Folders {
  const folders = {
    QUARANTINE_DIR: config.quarantineDir.value,
    REVIEW_DIR: config.reviewDir.value,
    APPROVED_DIR: config.approvedDir.value,
    DATA_DIR: config.dataDir.value,
  };
  for (const [variable, folder] of Object.entries(folders)) {
    const real = folder === null ? null : realPathOf(folder);
    const inside = withRealPaths(roots).find((root) => real !== null && isWithin(root, real));
    if (inside === undefined) continue;
    throw new BackupLensError(
      'BL_USAGE',
      `${variable} ${folder} lies inside ${inside}, which is to be scanned`,
      {
        hint: `set ${variable} to a folder outside of it`,
      },
    );
  }
  return {
    dataDir: folders.DATA_DIR,
    incomingDir: config.incomingDir.value,
    quarantineDir: folders.QUARANTINE_DIR,
    reviewDir: folders.REVIEW_DIR,
    approvedDir: folders.APPROVED_DIR,
    restoreRoots: config.restoreRoots.value,
  };
}

/** Real paths of the folders that were given: what is approved keeps its path below them. */
export function givenFolders(roots: readonly string[]): string[] {
  return roots.flatMap((root) => {
    try {
      return statSync(root).isDirectory() ? [realpathSync(root)] : [];
    } catch {
      return []; // It does not exist: the walk says so.
    }
  });
}

/** With DISPOSITION_UNIT=folder: what lies in INCOMING_DIR was dropped there, and so was any other folder that is given. */
export function droppedFolders({
  dispositionUnit,
  incomingDir,
}: EffectiveConfig): (folder: Buffer, given: boolean) => boolean {
  if (dispositionUnit.value === 'file') return () => false;
  const incoming = Buffer.from(realPathOf(incomingDir.value));
  return (folder, given) =>
    given ? !folder.equals(incoming) : folder.subarray(0, folder.lastIndexOf('/')).equals(incoming);
}

/** The folder, unless it lies in what is scanned: what somebody else put there is not used. */
export function outsideOf(roots: readonly string[], folder: string | null): string | null {
  if (folder === null) return null;
  return withRealPaths(roots).some((root) => isWithin(root, realPathOf(folder))) ? null : folder;
}

function isWithin(root: string, path: string): boolean {
  return `${path}/`.startsWith(root.endsWith('/') ? root : `${root}/`);
}

export function foldersOf(folders: Folders | null): UsedFile[] {
  if (folders === null) return [];
  const { dataDir, quarantineDir, reviewDir, approvedDir } = folders;
  return [dataDir, quarantineDir, reviewDir, approvedDir].flatMap((folder) =>
    folder === null ? [] : [{ path: realPathOf(folder), sha256: null }],
  );
}

/** Links followed as far as it exists. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPathOf(parent), basename(path));
  }
}

export function withRealPaths(roots: readonly string[]): string[] {
  const real = roots.flatMap((root) => {
    try {
      return [realpathSync(root)];
    } catch {
      return []; // It does not exist: the walk says so.
    }
  });
  return [...new Set([...roots, ...real])];
}
