import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Folders where Debian puts the programs that only root uses: file system makers. */
const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];

export function hasTool(name: string): boolean {
  return FOLDERS.some((folder) => existsSync(join(folder, name)));
}

/** Runs a program in `cwd`; returns what it printed. Throws with its complaint when it fails. */
export function tool(cwd: string, name: string, args: readonly string[], input?: Buffer): Buffer {
  return execFileSync(name, args, {
    cwd,
    input: input ?? '',
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH: FOLDERS.join(delimiter), HOME: cwd, LC_ALL: 'C.UTF-8' },
    timeout: 60_000,
  });
}
