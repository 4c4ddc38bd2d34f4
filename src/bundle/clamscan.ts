import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** How it went when ClamAV loaded the databases of a folder. */
export type DatabaseTrial =
  | { readonly result: 'loads'; readonly finds: boolean; readonly detail: string }
  | { readonly result: 'fails'; readonly detail: string }
  /** There is no clamscan here. */
  | { readonly result: 'not_tested' };

/** The official databases take half a minute on a slow machine. */
const LOAD_MS = 10 * 60_000;
const MAX_SAID = 4000; // characters

/**
 * Has this machine's clamscan load all databases of the folder, and look whether they find the canary (on its standard input).
 * A database that does not load ends clamscan with 2 (clamscan(1)).
 */
export async function tryDatabases(folder: string, canary: Buffer, path: string): Promise<DatabaseTrial> {
  const program = path
    .split(delimiter)
    .filter((one) => one.startsWith('/'))
    .map((one) => join(one, 'clamscan'))
    .find(isExecutable);
  if (program === undefined) return { result: 'not_tested' };
  const { code, said } = await run(program, [`--database=${folder}`, '--stdout', '-'], canary);
  const detail = said.trim().split('\n').slice(0, 3).join('; ');
  if (code === 1) return { result: 'loads', finds: true, detail };
  if (code === 0) return { result: 'loads', finds: false, detail };
  return { result: 'fails', detail: detail === '' ? `clamscan ended with ${code ?? 'a signal'}` : detail };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // Not there, or not for us.
  }
}

async function run(
  program: string,
  args: readonly string[],
  input: Buffer,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn(program, args, {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const late = setTimeout(() => child.kill('SIGKILL'), LOAD_MS);
  let said = '';
  const hear = (chunk: Buffer): void => {
    said = (said + chunk.toString('latin1')).slice(0, MAX_SAID);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  child.stdin.on('error', () => undefined); // It may end without reading it.
  child.stdin.end(input);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { code, said };
  } catch (error) {
    return { code: null, said: String(error) };
  } finally {
    clearTimeout(late);
  }
}
