import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Hashed at once. */
const CHUNK_BYTES = 4 * 1024 * 1024;

const RUNTIME = `${process.version} ${process.platform} ${process.arch}`;
const require = createRequire(import.meta.url);
const FILES = [
  () => require.resolve('@litko/yara-x-linux-x64-gnu'),
  () => join(dirname(require.resolve('@virustotal/yara-x')), 'yara_x_js_bg.wasm'),
];

/** The same by their metadata: another one whenever they were replaced, without a look at their bytes. */
export function engineStamp(): string {
  const stamps = FILES.map((file) => {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file(), { bigint: true });
      return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
    } catch {
      return 'none'; // Not for this platform.
    }
  });
  return [RUNTIME, ...stamps].join('\n');
}

/**
 * Identifies the engines that are installed, without loading them: what one build has compiled, native code of
 * another must not be handed.
 */
export async function engineBuild(): Promise<string> {
  const hash = createHash('sha256').update(RUNTIME);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (const file of FILES) {
    try {
      await using handle = await open(file());
      for (;;) {
        const { bytesRead } = await handle.read(chunk);
        if (bytesRead === 0) break;
        hash.update(chunk.subarray(0, bytesRead));
      }
    } catch {
      // Not for this platform: it cannot have compiled anything either.
      hash.update('none');
    }
  }
  return hash.digest('hex');
}
