import type { Archive } from './archive.ts';
import { isKnown } from './decode.ts';
import { DESCRIPTOR_BYTES, describedBy, descriptorBytes } from './descriptor.ts';
import { examine, type Content } from './examine.ts';
import { SIGNATURE, type LocalHeader, type Reading } from './headers.ts';
import { localAt, report, within } from './member.ts';
import { marksIn } from './search.ts';

/** Methods have numbers up to this one; what has a higher one is no header. */
const MAX_METHOD = 99;

/** Unpacks members that no directory lists: by every local header in bytes that nobody claims. Returns how many. */
export async function unpackUnlisted(archive: Archive): Promise<number> {
  const { context, ledger, source } = archive;
  let count = 0;
  for (const { start, end } of ledger.unclaimed()) {
    let reached = start;
    for await (const { at, signature } of marksIn(source, start, end, context.signal)) {
      if (signature !== SIGNATURE.local || at < reached) continue;
      const resume = await unlisted(archive, at, end);
      if (resume === null) continue;
      count++;
      reached = resume;
    }
  }
  return count;
}

/** null: no local header after all. Else where the search goes on. */
async function unlisted(archive: Archive, at: number, limit: number): Promise<number | null> {
  const { account, allowance, ledger, source } = archive;
  const few = await localAt(archive, at, 0, 0);
  if (few === null || !isPlausible(few.local, limit - at)) return null;
  const { local } = few;
  const start = at + local.bytes;
  const ended = await endedReading(archive, local, start, limit);
  const reading = ended ?? { ...local.reading, packed: limit - start, size: Infinity, crc: null };
  const found = await localAt(archive, at, local.name.length, reading.packed);
  account.members++;
  if (start + reading.packed > limit && limit < source.size) {
    // An archive within a member, whose own directory is lost: what else that listed, nobody knows.
    const detail = 'listed in no directory, and reaches over what is listed in one';
    archive.sink.gap('corrupt', detail, { member: local.name });
    if (!allowance.take(reading.packed)) {
      account.covered(local.name, reading.packed);
      return start;
    }
  }
  const block = found === null ? null : within(found.block, local, reading.packed);
  const content: Content = { name: local.name, reading, start, link: false, block };
  const { used, trouble } = await examine(archive, content);
  if (trouble !== null) report(archive, content, trouble);
  const brokeOff = trouble !== null && used === 0;
  const end = start + (brokeOff ? reading.packed : used);
  if (trouble === null || trouble.reason !== 'corrupt' || end >= source.size || ended === null) {
    ledger.claim(at, Math.min(end, limit));
    const descriptor = await archive.members.at(start + reading.packed, DESCRIPTOR_BYTES);
    const behind = local.descriptor ? descriptorBytes(descriptor, reading) : 0;
    ledger.claim(start + reading.packed, start + reading.packed + behind);
  }
  // What is damaged may be no member at all, and another one may begin in it.
  const again = trouble !== null && trouble.reason !== 'encrypted' && allowance.take(reading.packed);
  return again ? start : Math.min(end, limit);
}

function isPlausible({ bytes, name, reading }: LocalHeader, room: number): boolean {
  return bytes <= room && (isKnown(reading.method) || (name.length > 0 && reading.method <= MAX_METHOD));
}

/** With the sizes and check sum that stand behind the data, where they do not stand before; null: nowhere. */
async function endedReading(
  archive: Archive,
  { descriptor, untold, reading }: LocalHeader,
  start: number,
  limit: number,
): Promise<Reading | null> {
  if (!descriptor || !untold) return reading;
  const { context, members, searches, source } = archive;
  let passed = start;
  for await (const { at, signature } of marksIn(source, start, limit, context.signal)) {
    const described = signature === SIGNATURE.descriptor;
    if (!described && signature !== SIGNATURE.local && signature !== SIGNATURE.central) continue;
    const told = described
      ? describedBy(await members.at(at + 4, DESCRIPTOR_BYTES), at - start)
      : await unsigned(archive, start, at);
    if (told !== null) return { ...reading, ...told };
    if (!searches.take(at - passed)) break;
    passed = at;
  }
  const last = await unsigned(archive, start, limit);
  return last === null ? null : { ...reading, ...last };
}

type Described = NonNullable<ReturnType<typeof describedBy>>;

/** The signature of a descriptor may be missing: then it stands right before what follows, at `end`. */
async function unsigned({ members }: Archive, start: number, end: number): Promise<Described | null> {
  for (const bytes of [12, 20]) {
    const packed = end - bytes - start;
    const told = packed < 0 ? null : describedBy(await members.at(end - bytes, bytes), packed);
    if (told?.bytes === bytes) return told;
  }
  return null;
}
