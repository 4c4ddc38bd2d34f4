import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const DEADLINE_MS = 120_000;
const EXTERNALS = ['filename', 'filepath', 'extension', 'filetype', 'owner'] as const;

export type Externals = Readonly<Partial<Record<(typeof EXTERNALS)[number], string>>>;

/** Rules that the `yara` command line (Debian: 4.2.3) has compiled. */
export interface CommandLineRules {
  /** `namespace:rule` of every rule that matches the file. */
  scan(path: string, externals?: Externals): Promise<ReadonlySet<string>>;
}

/**
 * Compiles rule files (paths from `folder`), each in a namespace of its own, with `yarac`. Throws what it says of a file
 * that does not compile.
 */
export async function commandLineRules(
  folder: string,
  files: readonly { readonly namespace: string; readonly file: string }[],
  compiled: string,
): Promise<CommandLineRules> {
  const options = { cwd: folder, maxBuffer: MAX_OUTPUT_BYTES, timeout: DEADLINE_MS };
  const defined = EXTERNALS.flatMap((name) => ['-d', `${name}=`]);
  const named = files.map(({ namespace, file }) => `${namespace}:${file}`);
  await run('yarac', ['-w', ...defined, ...named, compiled], options);
  return {
    async scan(path, externals = {}) {
      const values = Object.entries(externals).flatMap(([name, value]) => ['-d', `${name}=${value}`]);
      const { stdout } = await run('yara', ['-w', '-e', ...values, '-C', compiled, path], options);
      const lines = stdout.split('\n').filter((line) => line !== '');
      // `namespace:rule path`
      return new Set(lines.map((line) => line.slice(0, line.lastIndexOf(` ${path}`))));
    },
  };
}
