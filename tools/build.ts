/** `npm run build`: dist/, which bin/backuplens starts. The mark is made last: until then the sources are started. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.ts';

const DIST = join(import.meta.dirname, '../dist');

rmSync(DIST, { recursive: true, force: true });
await bundle(DIST);
writeFileSync(join(DIST, '.built'), '');
