import { spawn } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import type { KeptFacts } from '../domain/index.ts';

type Xattrs = NonNullable<KeptFacts['xattrs']>;

/** Linux allows 64 KiB of values; what a header has room for is this much. */
const MAX_VALUE_BYTES = 16 * 1024;
const MAX_OUTPUT_BYTES = 256 * 1024;
const DEADLINE_MS = 10_000;
/** Descriptor 3 of the child is the file: no name of it is ever on a command line. */
const THE_FILE = '/proc/self/fd/3';
/** Of the place, not of the file: whoever labels that gives what is brought back its label. */
const OF_THE_PLACE = ['security.selinux', 'security.ima', 'security.evm', 'security.apparmor'];
const PRIVILEGES = 'security.capability';

/** Programs that are not installed; asked for once. */
const missing = new Set<string>();

/**
 * The extended attributes of an open file: users' own, ACLs, capabilities. Node cannot read them; Debian's package
 * `attr` can. null where it is not installed, or where there is more than a header has room for.
 */
export async function readXattrs(file: FileHandle): Promise<KeptFacts['xattrs']> {
  const args = ['--dump', '--match=-', '--encoding=base64', '--absolute-names', THE_FILE];
  const output = await run('getfattr', args, file, null);
  if (output === null) return null;
  const xattrs = output.split('\n').flatMap((line) => {
    const { name, value } = /^(?<name>[^#=][^=]*)(?:=0s(?<value>[A-Za-z0-9+/=]*))?$/.exec(line)?.groups ?? {};
    if (name === undefined || OF_THE_PLACE.includes(name)) return [];
    return [{ name, value_base64: value ?? '' }];
  });
  const bytes = xattrs.reduce((sum, { name, value_base64: value }) => sum + name.length + value.length, 0);
  return bytes > MAX_VALUE_BYTES ? null : xattrs;
}

/** Gives an open file these attributes, as far as its file system and our rights allow; capabilities only when asked. */
export async function writeXattrs(file: FileHandle, xattrs: Xattrs, withPrivileges: boolean): Promise<void> {
  const wanted = xattrs.filter(({ name }) => withPrivileges || name !== PRIVILEGES);
  // One by one: one that is refused (trusted.* without root, a file system without ACLs) keeps no other back.
  for (const { name, value_base64: value } of wanted) {
    await run('setfattr', ['--restore=-'], file, `# file: ${THE_FILE}\n${name}=0s${value}\n`);
  }
}

/** What the program printed; null when it is not installed, failed, or did not end in time. */
async function run(
  program: 'getfattr' | 'setfattr',
  args: readonly string[],
  file: FileHandle,
  input: string | null,
): Promise<string | null> {
  if (missing.has(program)) return null;
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const child = spawn(program, args, {
    // Where Debian and others put it; nobody's PATH decides what runs here.
    env: { PATH: '/usr/bin:/bin:/usr/local/bin' },
    stdio: ['pipe', 'pipe', 'ignore', file.fd],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.length > MAX_OUTPUT_BYTES) child.kill('SIGKILL');
  });
  child.stdin?.on('error', () => undefined); // It may end without reading.
  child.stdin?.end(input ?? '');
  child.once('error', () => {
    missing.add(program);
    resolve(null);
  });
  child.once('close', (code) => resolve(code === 0 ? output : null));
  return promise;
}
