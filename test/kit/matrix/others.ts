import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import type { RealClamd } from '../clamd/real.ts';
import { CONTENT, nameOf, type Subject } from './samples.ts';

const run = promisify(execFile);
const PATIENCE = { maxBuffer: 512 * 2 ** 20, timeout: 60_000, encoding: 'buffer' } as const;

/** Debian's clamd.conf where it differs from ClamAV's own defaults (package clamav-daemon). */
export const DEBIAN_LIMITS = { MaxScanSize: '100M', MaxFileSize: '25M', StreamMaxLength: '25M' };

/** Whether ClamAV finds the marker in each of these files of a folder, by name. */
export async function askClamav(
  clamd: RealClamd,
  folder: string,
  asked: readonly Subject[],
): Promise<Map<string, string>> {
  const args = ['--config-file', clamd.configFile, '--fdpass', '--no-summary', folder];
  // It ends with 1 when it finds something, and names only what it finds.
  const { stdout } = await run('clamdscan', args, PATIENCE).catch((error: { stdout: Buffer }) => error);
  const found = new Set([...stdout.toString().matchAll(/([^/]+): \S+ FOUND$/gm)].map(([, name]) => name));
  return new Map(asked.map(({ id }) => [nameOf(id), found.has(nameOf(id)) ? 'found' : 'missed']));
}

/** Whether `7zz x -so` brings the marker's file out whole, in one step. */
export async function askSevenZip(folder: string, asked: readonly Subject[]): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  for (const { id } of asked) {
    const args = ['x', '-so', '-y', '-pnone', '--', join(folder, nameOf(id))];
    const { stdout } = await run('7zz', args, PATIENCE).catch((error: { stdout: Buffer }) => error);
    answers.set(nameOf(id), stdout.includes(CONTENT) ? 'found' : 'missed');
  }
  return answers;
}
