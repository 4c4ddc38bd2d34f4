import { createHash } from 'node:crypto';
import { crc32, deflateSync, gzipSync } from 'node:zlib';

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

/** As kopia's documentation has a repository in a file system ("Sharding", "Encryption"); what is encrypted there is noise here. */
export function kopiaFiles(): SetFiles {
  const format = {
    tool: 'https://github.com/kopia/kopia',
    buildVersion: 'v0.17.0',
    uniqueID: 'bm90IGEgZ29vZCByYW5kb20gaW5pdGlhbCB2YWx1ZQ==',
    keyAlgo: 'scrypt-65536-8-1',
    version: '1',
    encryption: 'AES256_GCM',
    encryptedBlockFormat: 'bm9pc2U=',
  };
  return {
    '.shards': JSON.stringify({ default: [1, 3], maxNonShardedLength: 20 }),
    'kopia.maintenance.f': 'noise',
    'p00/003/237e0ac3607edbee743a26b0b34.f': 'a pack',
    'q4e/ad3/404342ae8b978e64b7bcfc7d6ff-s31ab5f6a5cf09672108.f': 'another pack',
    'kopia.repository.f': JSON.stringify(format),
  };
}

const difftar = (name: string): Buffer => {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('ustar', 257);
  return gzipSync(Buffer.concat([header, Buffer.alloc(1024)]));
};

/** As `duplicity full --no-encryption` leaves it, with two volumes. */
export function duplicityFiles(): SetFiles {
  const full = 'duplicity-full.20261129T024020Z';
  return {
    [`${full}.vol1.difftar.gz`]: difftar('snapshot/a'),
    [`${full}.vol2.difftar.gz`]: difftar('multivol_snapshot/b/1'),
    [`duplicity-full-signatures.20261129T024020Z.sigtar.gz`]: difftar('signature/a'),
    [`${full}.manifest`]: 'Hostname vm\nLocaldir src\nVolume 1:\n    StartingPath   .  \n',
  };
}

const pbsBlob = (data: string): Buffer => {
  const header = Buffer.from('42ab3807be8370a100000000', 'hex');
  header.writeUInt32LE(crc32(data), 8);
  return Buffer.concat([header, Buffer.from(data)]);
};

/** As Proxmox Backup Server's documentation has a datastore ("Technical Overview", "File Formats"), with one snapshot of one chunk. */
export function proxmoxFiles(chunk = 'what is backed up'): SetFiles {
  const digest = sha256(chunk);
  const snapshot = 'vm/100/2026-11-29T02:15:00Z';
  return {
    [`.chunks/${digest.slice(0, 4)}/${digest}`]: pbsBlob(chunk),
    'vm/100/owner': 'root@pam\n',
    [`${snapshot}/index.json.blob`]: pbsBlob('{"backup-type":"vm"}'),
    [`${snapshot}/drive-scsi0.img.fidx`]: Buffer.concat([
      Buffer.from('2f7f41ed91fd0fcd', 'hex'),
      Buffer.alloc(4088),
      Buffer.from(digest, 'hex'),
    ]),
  };
}
