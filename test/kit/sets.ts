import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

/** Name below the set's folder, and content. */
export type SetFiles = Readonly<Record<string, string | Buffer>>;

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

function named(folder: string, bytes: string | Buffer): [string, string | Buffer] {
  return [`${folder}/${sha256(bytes)}`, bytes];
}

/** As `restic init` and a backup leave it (restic: References, Repository Layout); what is encrypted there is noise here. */
export function resticFiles(packs: readonly (string | Buffer)[] = ['a pack']): SetFiles {
  const key = JSON.stringify({
    created: '2026-11-28T12:00:00Z',
    username: 'root',
    hostname: 'host',
    kdf: 'scrypt',
    N: 32_768,
    r: 8,
    p: 5,
    salt: 'c2FsdA==',
    data: 'ZGF0YQ==',
  });
  return Object.fromEntries([
    ['config', 'x'.repeat(155)],
    named('keys', key),
    named('index', 'an index'),
    named('snapshots', 'a snapshot'),
    ...packs.map((pack) => named(`data/${sha256(pack).slice(0, 2)}`, pack)),
  ]);
}

/** As `borg init` leaves it (Borg: Internals, data structures), with one segment. */
export function borgFiles(): SetFiles {
  return {
    README: 'This is a Borg Backup repository.\nSee https://borgbackup.readthedocs.io/\n',
    config: `[repository]\nversion = 1\nsegments_per_dir = 1000\nid = ${'ab'.repeat(32)}\n`,
    'data/0/0': 'BORG_SEG and more',
    nonce: '0000000000000000',
  };
}

/** A bare repository with one loose object and one pack (gitformat-pack(5)). */
export function gitFiles(): SetFiles {
  const blob = 'blob 4\0text';
  const id = createHash('sha1').update(blob).digest('hex');
  const head = Buffer.from('5041434b0000000200000000', 'hex');
  const pack = Buffer.concat([head, createHash('sha1').update(head).digest()]);
  return {
    HEAD: 'ref: refs/heads/main\n',
    config: '[core]\n\tbare = true\n',
    'refs/heads/main': `${id}\n`,
    [`objects/${id.slice(0, 2)}/${id.slice(2)}`]: deflateSync(blob),
    [`objects/pack/pack-${'12'.repeat(20)}.pack`]: pack,
  };
}

/** What pg_basebackup(1) writes in its plain format, as far as it is known by. */
export function postgresFiles(): SetFiles {
  return {
    PG_VERSION: '17\n',
    'base/1/1': 'a relation',
    'global/pg_control': Buffer.alloc(8192),
    backup_label: 'START WAL LOCATION: 0/2000028',
  };
}
