import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tool } from '../archives/tool.ts';

/** A qcow2 whose disk begins with these bytes and is a hole up to `size`; returns its path. */
export function virtualDisk(folder: string, bytes: Buffer, size: number): string {
  writeFileSync(join(folder, 'raw'), bytes);
  truncateSync(join(folder, 'raw'), size);
  tool(folder, 'qemu-img', ['convert', '-S', '4k', '-f', 'raw', '-O', 'qcow2', '-c', 'raw', 'disk']);
  rmSync(join(folder, 'raw'));
  return join(folder, 'disk');
}
