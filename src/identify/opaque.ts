import { ENCRYPTED_BY_DESIGN, type ContentType } from '../domain/index.ts';

export interface NoReader {
  readonly reason: 'opaque' | 'unsupported_format' | 'encrypted';
  readonly detail: string;
}

/*
 * Recognised, but nobody here can look inside. `opaque`: by design (a repository's packs, a keystore);
 * `encrypted`: it needs a key; `unsupported_format`: it could be read, but no reader of ours does.
 */
const TABLE: Readonly<Record<NoReader['reason'], readonly string[]>> = {
  encrypted: ENCRYPTED_BY_DESIGN.encrypted,
  opaque: [
    ...ENCRYPTED_BY_DESIGN.opaque,
    'application/x-git-packfile',
    'application/x-git-bundle',
    'application/x-proxmox-backup-blob',
    'application/x-swap-image',
    'application/x-mdraid-image',
  ],
  unsupported_format: [
    'application/x-dar',
    'application/x-proxmox-vma',
    'application/x-oracle-dump',
    'application/x-ms-tape-format',
    'application/x-zfs-stream',
    'application/x-btrfs-stream',
    'application/x-xfsdump',
    'application/x-ufs-dump',
    'application/x-bacula-volume',
    'application/x-amanda-dump',
    'application/x-partclone',
    'application/x-partimage',
    'application/x-fsarchiver',
    'application/x-ntfsclone',
    'application/x-acronis-tib',
    'application/x-hg-bundle',
    'application/x-refs-image',
    'application/x-reiserfs-image',
    'application/x-erofs-image',
    'application/x-jffs2-image',
    'application/x-ubi-image',
    'application/x-ubifs-image',
    'application/x-f2fs-image',
    'application/x-cramfs-image',
    'application/x-romfs-image',
    'application/x-jfs-image',
    'application/x-nilfs-image',
    'application/x-ufs-image',
    'application/x-bcachefs-image',
    'application/x-zfs-pool',
    'application/x-parallels-disk',
    'application/x-qed-disk',
    'application/x-apple-partition-map',
    'application/x-android-sparse-image',
    'application/x-android-super-image',
    'application/x-squashfs-lzma',
    'application/x-rzip',
    'application/x-pack',
    'application/x-ms-compress',
    'application/x-ppmd',
    'application/x-lzfse',
    'application/x-pack200',
    'application/x-openpgp-data',
    'application/x-stuffit',
    'application/x-apple-archive',
    'application/x-ms-reader',
    'application/x-veeam-backup',
    'application/x-lrzip',
    'application/x-ace-compressed',
    'application/x-arc',
    'application/x-zoo',
    'application/x-zpaq',
    'application/x-alz',
    'application/x-egg',
    'application/x-freearc',
    'application/x-installshield',
    'application/vnd.ms-outlook-pst',
  ],
};

const REASONS: ReadonlyMap<string, NoReader['reason']> = new Map(
  (['encrypted', 'opaque', 'unsupported_format'] as const).flatMap((reason) =>
    TABLE[reason].map((mime): [string, NoReader['reason']] => [mime, reason]),
  ),
);

const WHY: Readonly<Record<NoReader['reason'], string>> = {
  encrypted: 'it needs a key to be looked into',
  opaque: 'its content cannot be looked into by itself',
  unsupported_format: 'there is no reader for this format',
};

/** Databases, logs and tables that may pack what they hold, piece by piece; nothing here reads the pieces. */
const PACKED_WITHIN: ReadonlySet<string> = new Set([
  'application/vnd.apache.parquet',
  'application/vnd.apache.orc',
  'application/vnd.apache.avro',
  'application/x-hdf5',
  'application/x-matlab-data',
  'application/x-rocksdb-table',
  'application/x-wiredtiger',
  'application/x-innodb-tablespace',
  'application/x-ese-database',
  'application/x-systemd-journal',
  'font/woff',
  'font/woff2',
]);

/** Whether its bytes were seen as they lie there, and nobody knows or looks what stands in them. What libmagic says may rest on two. */
export function isSeenRaw({ mime, by }: Pick<ContentType, 'mime' | 'by'>): boolean {
  return by === 'unknown' || by === 'libmagic' || PACKED_WITHIN.has(mime);
}

/**
 * Why what is inside was not examined, for a type that is recognised but that nothing here opens; null for types
 * with a reader and for those that hold nothing but themselves.
 */
export function withoutReader(type: ContentType): NoReader | null {
  // libmagic believes two bytes: what only it says counts as seen raw.
  if (type.by === 'libmagic') return null;
  const reason = REASONS.get(type.mime);
  return reason === undefined ? null : { reason, detail: `${type.description}: ${WHY[reason]}` };
}
