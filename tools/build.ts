/** `npm run build`: dist/, which bin/backuplens starts. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.ts';

const DIST = join(import.meta.dirname, '../dist');
/** Beside it, and moved into its place when it is whole: what starts meanwhile finds the old one. */
const [NEW, OLD] = [`${DIST}.new`, `${DIST}.old`];

for (const left of [NEW, OLD]) rmSync(left, { recursive: true, force: true });
await bundle(NEW);
// bin/backuplens starts dist/ as long as no source is younger than this.
writeFileSync(join(NEW, '.built'), '');
try {
  renameSync(DIST, OLD);
} catch (error) {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
renameSync(NEW, DIST);
rmSync(OLD, { recursive: true, force: true });
