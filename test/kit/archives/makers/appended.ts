import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOSTS } from '../hosts.ts';
import { tool } from '../tool.ts';
import { MARKER, NO_ENCRYPTION, type Makers } from './maker.ts';

/** Files with an end of their own, and a gzip stream behind it. */
export const APPENDED: Makers = Object.fromEntries(
  Object.entries(HOSTS).map(([id, host]) => [
    id,
    {
      tools: ['gzip'],
      make(folder) {
        return Buffer.concat([host, tool(folder, 'gzip', ['-c'], readFileSync(join(folder, MARKER)))]);
      },
      inner: ['gzip'],
      encrypted: NO_ENCRYPTION,
    },
  ]),
);
