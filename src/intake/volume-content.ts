import { nameFromBytes } from '../bytes/index.ts';
import { openRoot } from './open-root.ts';
import { partName } from './part-name.ts';
import { tarVolume } from './tar-volume.ts';

/** A zip's end record with the longest comment (APPNOTE 4.3.16), and the locator of the 64-bit one before it. */
const END_BYTES = 22 + 0xffff + 20;
const END_SIGNATURE = 0x0605_4b50;
const LOCATOR_SIGNATURE = 0x0706_4b50;
const RAR4 = Buffer.from('526172211a0700', 'hex');
const RAR5 = Buffer.from('526172211a070100', 'hex');
const RAR_HEAD_BYTES = 64;
const VOLUME = 'a volume of an archive, by what it holds; the others are not there';

/**
 * Why a file with a name that says nothing of volumes (`.zip`, `.rar`, `.tar`) is one of several all the same, by what it holds: the
 * end record of a zip counts its disks, the main header of a rar has a flag, a tar begins or stops in the middle. null: it is whole,
 * or cannot be read.
 */
export async function volumeByContent(path: Buffer): Promise<string | null> {
  const naming = partName(nameFromBytes(path.subarray(path.lastIndexOf('/') + 1)))?.naming;
  if (naming === 'tar') return tarByContent(path);
  if (naming !== 'zip' && naming !== 'rar') return null;
  try {
    const { handle, stats } = await openRoot(path);
    try {
      const size = Number(stats.size);
      const length = Math.min(size, naming === 'zip' ? END_BYTES : RAR_HEAD_BYTES);
      const bytes = Buffer.alloc(length);
      await handle.read(bytes, 0, length, naming === 'zip' ? size - length : 0);
      const isVolume = naming === 'zip' ? isLastOfZip(bytes) : isRarVolume(bytes);
      return isVolume ? VOLUME : null;
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

async function tarByContent(path: Buffer): Promise<string | null> {
  const volume = await tarVolume(path);
  if (volume?.continues === true) return VOLUME;
  return volume?.isTar === true && volume.goesOn
    ? 'a tar that stops in the middle: a volume of several, or cut off'
    : null;
}

function isLastOfZip(tail: Buffer): boolean {
  for (let at = tail.length - 22; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END_SIGNATURE) continue;
    const disk = tail.readUInt16LE(at + 4);
    if (disk !== 0xffff) return disk > 0;
    return at >= 20 && tail.readUInt32LE(at - 20) === LOCATOR_SIGNATURE && tail.readUInt32LE(at - 4) > 1;
  }
  return false;
}

/** RAR 4: MHD_VOLUME in the main header's flags; RAR 5 (RAR 5.0 archive format): bit 0 of its archive flags. */
function isRarVolume(head: Buffer): boolean {
  if (head.subarray(0, RAR4.length).equals(RAR4) && head.length >= RAR4.length + 5) {
    return head[RAR4.length + 2] === 0x73 && (head.readUInt16LE(RAR4.length + 3) & 1) === 1;
  }
  if (!head.subarray(0, RAR5.length).equals(RAR5)) return false;
  // After the check sum: size, type, flags, and with bit 0 of those the size of the extra area, each of variable length.
  let at = RAR5.length + 4;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; at < head.length; shift += 7) {
      const byte = head[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) break;
    }
    return value;
  };
  next();
  if (next() !== 1) return false;
  if ((next() & 1) === 1) next();
  return (next() & 1) === 1;
}
