import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pgDumpBytes } from '../pg-dump-bytes.ts';
import { tool } from '../tool.ts';
import { MARKER, NO_ENCRYPTION, type Makers } from './maker.ts';

const SQLITE = `
import sqlite3
base = sqlite3.connect('a.db')
base.execute('create table files (name text, content blob)')
base.execute('insert into files values (?, ?)', ('${MARKER}', open('${MARKER}', 'rb').read()))
base.commit()
`;

const SQLITE_LOG = SQLITE.replace(
  "connect('a.db')",
  "connect('a.db')\nbase.execute('pragma journal_mode=wal')\nbase.execute('pragma wal_autocheckpoint=0')",
).concat('import shutil\nshutil.copy("a.db-wal", "log")\n');

/** Redis itself saves it; packed, so that no engine sees it. */
const REDIS = `
redis-server --daemonize yes --port 0 --unixsocket s --pidfile "$PWD/pid" --dir . --save '' --dbfilename a.rdb
for try in $(seq 100); do redis-cli -s s ping >/dev/null 2>&1 && break; sleep 0.1; done
redis-cli -s s -x set ${MARKER} < ${MARKER} && redis-cli -s s save && redis-cli -s s shutdown nosave
`;

/** Dumps and files of databases. */
export const DATABASES: Makers = {
  'pg-dump': {
    tools: [],
    make: (folder) =>
      pgDumpBytes([
        {
          id: 1,
          tag: 'users',
          kind: 'TABLE',
          schema: 'public',
          statement: 'CREATE TABLE public.users ();\n',
        },
        { id: 2, tag: 'BLOBS', kind: 'BLOBS', data: { 16410: readFileSync(join(folder, MARKER)) } },
      ]),
    encrypted: NO_ENCRYPTION,
  },
  redis: {
    tools: ['redis-server', 'redis-cli'],
    make(folder) {
      tool(folder, 'sh', ['-ec', REDIS]);
      return readFileSync(join(folder, 'a.rdb'));
    },
    encrypted: NO_ENCRYPTION,
  },
  'sqlite-log': {
    tools: ['python3'],
    make(folder) {
      tool(folder, 'python3', ['-c', SQLITE_LOG]);
      return readFileSync(join(folder, 'log'));
    },
    encrypted: NO_ENCRYPTION,
    cut: { na: 'a log ends behind any of its pages' },
  },
  sqlite: {
    tools: ['python3'],
    make(folder) {
      tool(folder, 'python3', ['-c', SQLITE]);
      return readFileSync(join(folder, 'a.db'));
    },
    encrypted: { untested: 'no maker of SQLCipher databases, which are noise from the first byte' },
  },
};
