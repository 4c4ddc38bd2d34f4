import { z } from 'zod';
import { refused } from './refused.ts';

/** What a bundle says of itself; its bytes as they are in the bundle are what is signed. */
export const BUNDLE_SCHEMA = 'backuplens.bundle/1';

/** What a bundle can bring. Each has a folder in it, and in the release that it becomes. */
export const PARTS = ['clamav', 'yara-rules', 'hash-sets', 'lists', 'policy'] as const;
export type Part = (typeof PARTS)[number];

/** A public collection of rules has 3,500 files. */
export const MAX_FILES = 50_000;
/** The header of a tar has eleven octal digits for a size. ClamAV's main.cvd has 170 MB, lists of 30 million hashes 2 GB. */
export const MAX_FILE_BYTES = 8 * 1024 ** 3 - 1;
export const MAX_TOTAL_BYTES = 16 * 1024 ** 3;
export const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
/** Of a path: what the two name fields of a tar's header hold in every case. */
const MAX_PATH_BYTES = 200;

/**
 * ClamAV's databases that only add signatures, and its own signed containers. Left out on purpose are those that take signatures
 * away or turn them off (.ign .ign2 .fp .sfp .ftm .cfg .wdb .pdb), and byte code of others (.cbc): ATTACKS C8.
 */
const CLAMAV_NAME =
  /^(?:(?:main|daily|bytecode)\.c[vl]d|[A-Za-z0-9][\w.-]*\.(?:hdb|hsb|mdb|msb|ndb|ldb|cdb))$/;
const RULE_NAME = /\.yara?$/i;
const LIST_NAME = /\.(?:txt|csv|sha256)$/i;
/** One name of a path: nothing invisible, nothing hidden, nothing that leads elsewhere. */
const NAME = /^(?![.-])[^\p{C}\p{Zl}\p{Zp}/\\]{1,150}(?<![ .])$/u;

/** The part that a path of a bundle belongs to; null: no bundle may hold it. */
export function partOf(path: string): Part | null {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return null;
  const names = path.split('/');
  if (names.length < 2 || !names.every((name) => NAME.test(name))) return null;
  const part = PARTS.find((one) => one === names[0]);
  return part !== undefined && FITS[part](names.slice(1), names.at(-1) ?? '') ? part : null;
}

/** Whether a part may hold a file: the names below the part, and the last of them. */
const FITS: Readonly<Record<Part, (below: readonly string[], name: string) => boolean>> = {
  clamav: (below, name) => below.length === 1 && CLAMAV_NAME.test(name),
  'yara-rules': (_below, name) => RULE_NAME.test(name),
  'hash-sets': ([kind, ...below], name) =>
    below.length === 1 && (kind === 'bad' || kind === 'good') && LIST_NAME.test(name),
  lists: (below, name) => below.length === 1 && name === 'ransomware-names.txt',
  policy: (below, name) => below.length === 1 && name === 'scoring.yaml',
};

const bundledFile = z.strictObject({
  path: z.string().refine((path) => partOf(path) !== null, 'a path that a bundle may hold'),
  size: z.int().min(0).max(MAX_FILE_BYTES),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits'),
});
export type BundledFile = z.infer<typeof bundledFile>;

const time = z.iso.datetime();

const manifest = z.strictObject({
  schema: z.literal(BUNDLE_SCHEMA),
  /** Greater than that of every bundle before it from the same people. */
  serial: z.int().min(1),
  created_at: time,
  expires_at: time,
  made_by: z.string().max(200),
  note: z.string().max(1000),
  files: z.array(bundledFile).min(1).max(MAX_FILES),
});
export type Manifest = z.infer<typeof manifest>;

/** Throws BL_BUNDLE. */
export function parseManifest(bytes: Buffer): Manifest {
  let said: unknown;
  try {
    said = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw refused('its manifest is no JSON');
  }
  const parsed = manifest.safeParse(said);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused(`its manifest: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`);
  }
  const { files } = parsed.data;
  // Folders whose names differ in case only are one folder on some file systems.
  const seen = new Set(files.map(({ path }) => path.toLowerCase()));
  if (seen.size !== files.length) throw refused('its manifest names a file twice');
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total > MAX_TOTAL_BYTES) throw refused(`its files have more than ${MAX_TOTAL_BYTES} bytes`);
  if (!(Date.parse(parsed.data.created_at) < Date.parse(parsed.data.expires_at))) {
    throw refused('it expires before it was made');
  }
  return parsed.data;
}
