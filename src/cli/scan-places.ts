import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { EffectiveConfig, UsedFile } from '../config/index.ts';
import { BackupLensError } from '../domain/index.ts';
import type { ScanRequest } from '../pipeline/index.ts';

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
export function dispositionFolders(config: EffectiveConfig, roots: readonly string[]): ScanRequest['apply'] {
  const folders = { quarantineDir: config.quarantineDir.value, reviewDir: config.reviewDir.value };
  for (const [name, folder] of Object.entries(folders)) {
    const real = folder === null ? null : realPathOf(folder);
    const inside = withRealPaths(roots).find(
      (root) => real !== null && `${real}/`.startsWith(root.endsWith('/') ? root : `${root}/`),
    );
    if (inside === undefined) continue;
    const variable = name === 'quarantineDir' ? 'QUARANTINE_DIR' : 'REVIEW_DIR';
    throw new BackupLensError(
      'BL_USAGE',
      `${variable} ${folder} lies inside ${inside}, which is to be scanned`,
      {
        hint: `set ${variable} to a folder outside of it`,
      },
    );
  }
  return folders;
}

export function foldersOf(apply: ScanRequest['apply']): UsedFile[] {
  const folders = apply === null ? [] : [apply.quarantineDir, apply.reviewDir];
  return folders.flatMap((folder) => (folder === null ? [] : [{ path: realPathOf(folder), sha256: null }]));
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
