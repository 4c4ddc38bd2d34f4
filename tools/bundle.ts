import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');

/** What is started as a process or thread: each a file of its name, and a folder of that name with what it loads later. */
const PROGRAMS: readonly string[] = [
  'cli/main',
  'cli/entropy-map/main',
  'identify/libmagic-thread',
  'pipeline/worker',
  'services/clamav-updater/main',
  'services/pipeline/main',
  'services/yara-scanner/compile-process',
  'services/yara-scanner/engine-process',
  'services/yara-scanner/examine-rules',
  'services/yara-scanner/main',
  'unpack/seven-zip/thread',
];

/**
 * Puts each program, without the packages it needs, into few files: finding a module costs more than compiling it. What is
 * imported late stays apart, so that it is still loaded when it is needed. `more`: sources of programs beside ours, by name.
 */
export async function bundle(folder: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
  const sources = { ...Object.fromEntries(PROGRAMS.map((name) => [name, `src/${name}.ts`])), ...more };
  await Promise.all(
    Object.entries(sources).map(async ([name, source]) =>
      build({
        absWorkingDir: ROOT,
        entryPoints: { [name]: source },
        outdir: folder,
        chunkNames: `${name}/[name]-[hash]`,
        bundle: true,
        splitting: true,
        packages: 'external',
        platform: 'node',
        format: 'esm',
        target: 'node24.12',
        // The module that each part comes from stands above it: pipeline/stats/sampler.ts reads that.
        minify: false,
        logLevel: 'warning',
      }),
    ),
  );
}
