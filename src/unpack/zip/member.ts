import type { Archive } from './archive.ts';
import { SMALL_BYTES } from './decode.ts';
import { DESCRIPTOR_BYTES, descriptorBytes } from './descriptor.ts';
import { disagreement, otherReading } from './disagreement.ts';
import { examine, type Content } from './examine.ts';
import { LOCAL_BYTES, parseLocal, type CentralHeader, type LocalHeader } from './headers.ts';
import { STANDING, type Standing } from './ranges.ts';
import type { Unread } from './unread.ts';

const UNIX = 3;
const MAC_OS = 19;
const KIND_MASK = 0o170000;
const LINK = 0o120000;
/** Character and block devices, FIFO, socket. Some programs write nonsense here: it is none. */
const DEVICES: readonly number[] = [0o020000, 0o060000, 0o010000, 0o140000];
/** Extra fields of a local header that are read along; more is rare. */
const LOCAL_EXTRA_BYTES = 512;

/** Unpacks what one entry of the directory lists. `at` is its local header's place; null: it is in another part. */
export async function unpackListed(
  archive: Archive,
  entry: CentralHeader,
  at: number | null,
  standing: Standing,
): Promise<void> {
  if (standing === STANDING.again) return;
  const { account, ledger, sink, source, ranges, allowance } = archive;
  const { name, reading } = entry;
  const found = at === null ? null : await localAt(archive, at, name.length, reading.packed);
  const isFolder = reading.size === 0 && reading.packed <= 2 && name.at(-1) === 0x2f;
  if (!isFolder) account.members++;
  if (at === null || found === null) {
    const bytes = Math.min(reading.packed, source.size);
    sink.gap('corrupt', 'no local header where the directory says', { member: name, bytes });
    return;
  }
  const { local, block } = found;
  const start = at + local.bytes;
  ledger.claim(at, start);
  const other = otherReading(entry, local);
  const differs = disagreement(entry, local);
  if (differs !== null) account.unsafe('header-mismatch', `its local header has ${differs}`, name);
  const kind = kindOf(entry);
  if (DEVICES.includes(kind)) sink.device(name);
  if (isFolder && other === null) {
    ledger.claim(start, start + reading.packed);
    await claimDescriptor(archive, entry, local, start + reading.packed);
    return;
  }
  const exact = ranges.nextStart(at) < Math.min(start + reading.packed, source.size);
  if (exact && standing === STANDING.apart) account.overlap('a member lies over the next one');
  if ((exact || standing === STANDING.overlapping) && !allowance.take(reading.packed)) {
    account.covered(name, reading.packed);
    ledger.claim(start, start + reading.packed);
    return;
  }
  const content: Content = {
    name,
    reading,
    start,
    link: kind === LINK,
    block: within(block, local, reading.packed),
  };
  const { used, trouble } = await examine(archive, content);
  ledger.claim(start, start + used);
  await claimDescriptor(archive, entry, local, start + reading.packed);
  const saved =
    other !== null && (await examineOther(archive, { ...content, name: local.name, reading: other }));
  // Proven by the other reading: then the finding says enough.
  if (trouble !== null && !saved) report(archive, content, trouble);
}

/** The reading of a program that goes by the local header. Returns whether it is proven. */
async function examineOther(archive: Archive, content: Content): Promise<boolean> {
  const { packed } = content.reading;
  if (archive.allowance.take(packed))
    return (await examine(archive, { ...content, block: null })).trouble === null;
  archive.account.covered(content.name, packed);
  return false;
}

/** Tells why a member was not read; the others go on. */
export function report({ account, sink, source }: Archive, content: Content, trouble: Unread): void {
  const { name, reading } = content;
  const bytes = Math.min(reading.packed, source.size);
  if (trouble.reason === 'encrypted') account.locked(name, reading.size);
  else sink.gap(trouble.reason, trouble.message, { member: name, bytes });
}

interface Found {
  readonly local: LocalHeader;
  /** From the header on, as much as was read along. */
  readonly block: Buffer;
}

/** The local header at a place, and a small member with it. */
export async function localAt(
  { members }: Archive,
  at: number,
  nameBytes: number,
  packed: number,
): Promise<Found | null> {
  const few = packed <= SMALL_BYTES ? packed + DESCRIPTOR_BYTES : 0;
  const block = await members.at(at, LOCAL_BYTES + nameBytes + LOCAL_EXTRA_BYTES + few);
  if (block.length < LOCAL_BYTES) return null;
  const told = LOCAL_BYTES + block.readUInt16LE(26) + block.readUInt16LE(28);
  const whole = told + few <= block.length ? block : await members.at(at, told + few);
  const local = parseLocal(whole);
  return local === null ? null : { local, block: whole };
}

/** The packed bytes, where they were read along with the header. */
export function within(block: Buffer, local: LocalHeader, packed: number): Buffer | null {
  if (packed > SMALL_BYTES || local.bytes + packed > block.length) return null;
  return block.subarray(local.bytes, local.bytes + packed);
}

async function claimDescriptor(
  { members, ledger }: Archive,
  entry: CentralHeader,
  local: LocalHeader,
  at: number,
): Promise<void> {
  if (!entry.descriptor && !local.descriptor) return;
  const bytes = descriptorBytes(await members.at(at, DESCRIPTOR_BYTES), entry.reading);
  ledger.claim(at, at + bytes);
}

function kindOf({ madeBy, attributes }: CentralHeader): number {
  return [UNIX, MAC_OS].includes(madeBy >> 8) ? (attributes >>> 16) & KIND_MASK : 0;
}
