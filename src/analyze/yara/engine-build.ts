import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Hashed at once. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * Identifies the engines that are installed, without loading them: what one build has compiled, native code of
 * another must not be handed.
 */
export async function engineBuild(): Promise<string> {
  const require = createRequire(import.meta.url);
  const hash = createHash('sha256').update(`${process.version} ${process.platform} ${process.arch}`);
  const files = [
    () => require.resolve('@litko/yara-x-linux-x64-gnu'),
    () => join(dirname(require.resolve('@virustotal/yara-x')), 'yara_x_js_bg.wasm'),
  ];
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (const file of files) {
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
