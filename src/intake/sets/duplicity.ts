import { constants, gunzipSync } from 'node:zlib';
import type { FolderListing } from '../folder-listing.ts';
import type { SetFormat } from './format.ts';
import { isCalled } from './names.ts';
import { MAX_SMALL_BYTES, samplesOf, type Sample } from './samples.ts';

const TIME = String.raw`[0-9TZ:+-]+`;
const ENDING = String.raw`(?:\.part)?(?:\.gpg|\.gz|\.zstd?)?`;
const CHAIN = String.raw`duplicity-(?:full\.${TIME}|inc\.${TIME}\.to\.${TIME})`;
/** With whatever --file-prefix puts before it. */
const VOLUME = new RegExp(String.raw`^.{0,64}${CHAIN}\.vol\d+\.difftar${ENDING}$`);
const MANIFEST = new RegExp(String.raw`^.{0,64}${CHAIN}\.manifest${ENDING}$`);
const SIGNATURES = new RegExp(
  String.raw`^.{0,64}duplicity-(?:full-signatures\.${TIME}|new-signatures\.${TIME}\.to\.${TIME})\.sigtar${ENDING}$`,
);
const ANY = new RegExp([VOLUME, MANIFEST, SIGNATURES].map(({ source }) => source).join('|'));
/** What the first member of each tar may be called. */
const MEMBER = /^(?:multivol_)?(?:snapshot|diff|signature|delta)\/|^deleted\//;
const TAR_BLOCK = 512;
/** Of a compressed tar: enough for its first header. */
const BEGINNING = 4096;
/** 4 KiB of deflate cannot become more. */
const MAX_INFLATED = 8 * 1024 * 1024;
const FEW = 8;

/**
 * What duplicity(1) writes into a folder: volumes, manifests and signatures, which belong to each other by the times in their names.
 * Unencrypted, a manifest begins with the host's name and tars with members of certain folders; encrypted, each is an OpenPGP message.
 */
export const duplicity: SetFormat = {
  kind: 'duplicity',
  own: ANY,

  isNamed: (listing) => firstNames(listing).some((entry) => isCalled(entry, 'file', ANY)),

  isWhole: async (folder) => {
    const { manifests, volumes, signatures } = await parts(folder);
    if (manifests.length === 0 || volumes.length === 0) return false;
    return [...manifests, ...volumes, ...signatures].every((one) => one.is_fresh || isGenuine(one));
  },

  begins: async (_there, entries) => entries.some((entry) => isCalled(entry, 'file', ANY)),

  shows: async (folder) =>
    Object.values(await parts(folder))
      .flat()
      .map(isGenuine),
};

/** The first of all names, which has the prefix of all, or the first without one. */
function firstNames(listing: FolderListing): ReturnType<FolderListing['first']> {
  return [...listing.first(FEW), ...listing.from('duplicity-', FEW)];
}

async function parts(folder: Buffer): Promise<Record<'manifests' | 'volumes' | 'signatures', Sample[]>> {
  return {
    manifests: await samplesOf(folder, '.', MAX_SMALL_BYTES, MANIFEST),
    volumes: await samplesOf(folder, '.', BEGINNING, VOLUME),
    signatures: await samplesOf(folder, '.', BEGINNING, SIGNATURES),
  };
}

function isGenuine({ name, bytes }: Sample): boolean {
  if (name.endsWith('.gpg')) return isOpenPgp(bytes);
  if (/\.zstd?$/.test(name)) return bytes.subarray(0, 4).toString('hex') === '28b52ffd';
  const plain = name.endsWith('.gz') ? inflated(bytes.subarray(0, BEGINNING)) : bytes;
  if (plain === null) return false;
  if (MANIFEST.test(name)) return /^Hostname .*\nLocaldir /.test(plain.toString('latin1', 0, BEGINNING));
  const header = plain.subarray(0, TAR_BLOCK);
  // An increment without any change is an empty tar.
  if (header.every((byte) => byte === 0)) return header.length === TAR_BLOCK;
  return header.toString('latin1', 257, 262) === 'ustar' && MEMBER.test(header.toString('latin1', 0, 100));
}

/** It begins with a session key, for a public key or a password (RFC 9580, 4.2 and 5: packets 1 and 3). */
function isOpenPgp(bytes: Buffer): boolean {
  const [first = 0] = bytes;
  if ((first & 0x80) === 0) return false;
  const type = (first & 0x40) === 0 ? (first >> 2) & 0x0f : first & 0x3f;
  return type === 1 || type === 3;
}

/** The beginning of what a gzip stream holds, which may be cut; null: it is none. */
function inflated(bytes: Buffer): Buffer | null {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_INFLATED });
  } catch {
    return null;
  }
}
