import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Entry } from '../folder-listing.ts';
import type { SetFormat } from './format.ts';
import { has, isCalled } from './names.ts';
import { atRest, chosen, MAX_SAMPLED_BYTES, MAX_SMALL_BYTES, samplesOf, type Sample } from './samples.ts';

const TYPES = ['vm', 'ct', 'host'];
const SHARD = /^[0-9a-f]{4}$/;
const CHUNK = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const OF_SNAPSHOT = /\.(?:blob|fidx|didx)$/;

/** Each magic is the first eight bytes of the SHA-256 of what it stands for ("File Formats"; pbs-datastore/src/file_formats.rs). */
const magic = (of: string): string =>
  createHash('sha256').update(`Proxmox Backup ${of} v1.0`).digest('hex').slice(0, 16);
const BLOBS = [
  'uncompressed blob',
  'zstd compressed blob',
  'encrypted blob',
  'zstd compressed encrypted blob',
].map(magic);
const INDICES = { '.fidx': magic('fixed sized chunk index'), '.didx': magic('dynamic sized chunk index') };
/** Magic and CRC-32. */
const BLOB_HEADER = 12;
/** Magic, CRC-32, IV and tag of AES-256-GCM. */
const ENCRYPTED_HEADER = 44;

/**
 * A datastore of Proxmox Backup Server ("Technical Overview", "File Formats"): chunks in `.chunks/0000` to `.chunks/ffff`, called by
 * their SHA-256, and snapshots that are made of them. Chunks and blobs have a magic and a CRC-32, indices a magic.
 */
export const proxmox: SetFormat = {
  kind: 'proxmox',
  own: /^(?:vm|ct|host|ns)$/,

  isNamed: (listing) => has(listing, 'folder', '.chunks'),

  isWhole: async (folder) => {
    const samples = await parts(folder);
    return samples.length > 0 && samples.every((one) => one.is_fresh || isGenuine(one));
  },

  begins: async (there) => {
    if ((await there.within('.chunks')).some((entry) => isCalled(entry, 'folder', SHARD))) return true;
    for (const type of TYPES) {
      const groups = await there.within(type);
      if (await there.holds(type, groups, /^[\w.-]+$/, isOfGroup)) return true;
    }
    return false;
  },

  shows: async (folder) => (await parts(folder)).map((one) => isGenuine(atRest(one))),
};

function isOfGroup(entry: Entry): boolean {
  return isCalled(entry, 'folder', TIME) || isCalled(entry, 'file', /^owner$/);
}

/** A few chunks, of which three shards may have none, and what a few snapshots hold. */
async function parts(folder: Buffer): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const shard of await chosen(folder, '.chunks', SHARD, 'folder')) {
    const chunks = await samplesOf(folder, `.chunks/${shard}`, MAX_SAMPLED_BYTES, CHUNK);
    samples.push(...chunks.filter(({ name }) => name.startsWith(shard)));
  }
  for (const type of TYPES) {
    for (const group of await chosen(folder, type, /^[\w.-]+$/, 'folder')) {
      for (const time of await chosen(folder, `${type}/${group}`, TIME, 'folder')) {
        samples.push(...(await samplesOf(folder, `${type}/${group}/${time}`, MAX_SMALL_BYTES, OF_SNAPSHOT)));
      }
    }
  }
  return samples;
}

function isGenuine({ name, bytes, size }: Sample): boolean {
  const begins = bytes.toString('hex', 0, 8);
  if (name.endsWith('.fidx')) return begins === INDICES['.fidx'];
  if (name.endsWith('.didx')) return begins === INDICES['.didx'];
  const form = BLOBS.indexOf(begins);
  if (form === -1) return false;
  if (bytes.length < size) return true;
  const from = form < 2 ? BLOB_HEADER : ENCRYPTED_HEADER;
  return bytes.length >= from && bytes.readUInt32LE(8) === crc32(bytes.subarray(from));
}
