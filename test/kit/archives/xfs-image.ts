import { lstatSync, readdirSync, readFileSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tool } from './tool.ts';

/** The smallest that mkfs.xfs makes; only with its own test-suite's variables set, below 300 MB. */
const XFS_BYTES = 16 * 1024 * 1024;
const SMALL = ['TEST_DIR=/', 'TEST_DEV=/', 'QA_CHECK_FS=1'];

/** An image of what the folder `root` in `folder` holds; names must be without blanks. */
export function xfsImage(folder: string, root: string, options: readonly string[] = SMALLEST): Buffer {
  const lines = ['/none', '0 0', 'd--755 0 0', ...prototype(folder, root), '$', ''];
  writeFileSync(join(folder, 'prototype'), lines.join('\n'));
  writeFileSync(join(folder, 'xfs'), '');
  truncateSync(join(folder, 'xfs'), XFS_BYTES);
  tool(folder, 'env', [...SMALL, 'mkfs.xfs', '-q', '-f', ...options, '-p', 'prototype', 'xfs']);
  return readFileSync(join(folder, 'xfs'));
}

const SMALLEST = ['-b', 'size=1024', '-d', 'agcount=1'];

/** xfs_mkfs(8), "-p protofile". */
function prototype(folder: string, path: string): string[] {
  return readdirSync(join(folder, path)).flatMap((name) => {
    const inside = join(path, name);
    const stat = lstatSync(join(folder, inside));
    if (stat.isDirectory()) return [`${name} d--755 0 0`, ...prototype(folder, inside), '$'];
    if (stat.isSymbolicLink()) return [`${name} l--777 0 0 ${readlinkSync(join(folder, inside))}`];
    if (stat.isFIFO()) return [`${name} p--644 0 0`];
    return [`${name} ---644 0 0 ${inside}`];
  });
}
