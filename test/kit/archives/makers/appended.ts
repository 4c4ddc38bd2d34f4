import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOSTS } from '../hosts.ts';
import { tool } from '../tool.ts';
import { MARKER, NO_ENCRYPTION, type Makers } from './maker.ts';

/** What no program knows: the bytes of a picture's middle. */
const NOTHING_KNOWN = Buffer.from('\xfe\xdc\xba\x98'.repeat(300), 'latin1');

/** Files with an end of their own, or of no known kind, and a gzip stream behind it. */
export const APPENDED: Makers = Object.fromEntries(
  Object.entries({ ...HOSTS, embedded: NOTHING_KNOWN }).map(([id, host]) => [
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
