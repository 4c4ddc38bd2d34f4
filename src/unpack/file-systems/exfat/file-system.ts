import type { ByteSource } from '../../../bytes/index.ts';
import type { FormatSink, UnpackContext } from '../../format.ts';
import { Damaged } from '../../trouble.ts';
import { FileMap } from '../file-map.ts';
import { ROOT, Volume, type Folder } from '../volume.ts';
import { Bitmap } from './bitmap.ts';
import { bootSector, byteOfCluster, type BootSector } from './boot-sector.ts';
import { piecesOf, type Allocation } from './clusters.ts';
import * as set from './entry-set.ts';

/** A folder is read in pieces of so many bytes. */
const PIECE_BYTES = 64 * 1024;
/** exFAT specification, 7.4.8: a folder has at most 256 MiB. */
const MAX_FOLDER_BYTES = 256 * 1024 * 1024;

/** Hands on every file that the folders list, deleted ones whose clusters are free, and whatever belongs to nothing. */
export async function readExfat(source: ByteSource, sink: FormatSink, context: UnpackContext): Promise<void> {
  const boot = await bootSector(source);
  using volume = new Volume(
    source,
    { blockBytes: boot.clusterBytes, blocksAt: boot.heapAt, shares: false },
    sink,
    context,
  );
  volume.sayIfCutOff(boot.bytes);
  if (!boot.sound) volume.wrongSum();
  if (boot.dirty) sink.measure('not_unmounted', 1);
  claimTables(volume, boot);
  await volume.region('(boot regions)', 0, boot.regionsEnd);
  const tree = new Tree(volume, boot);
  await tree.read();
  volume.sayIfShared();
  await volume.finish();
}

/** All that stands before the clusters: what the tables do not fill belongs to nobody. */
function claimTables({ ledger }: Volume, boot: BootSector): void {
  const { tablesAt, tablesEnd, tableBytes, heapAt } = boot;
  ledger.claim(0, heapAt);
  const gaps = [[boot.regionsEnd, tablesAt]];
  for (let at = tablesAt; at < tablesEnd; at += tableBytes)
    gaps.push([at + (boot.clusters + 2) * 4, at + tableBytes]);
  gaps.push([tablesEnd, heapAt]);
  for (const [start = 0, end = 0] of gaps) if (start < end) ledger.leave(start, end);
}

class Tree {
  readonly #volume: Volume;
  readonly #boot: BootSector;
  readonly #bitmap: Bitmap;

  constructor(volume: Volume, boot: BootSector) {
    this.#volume = volume;
    this.#boot = boot;
    this.#bitmap = new Bitmap(volume, boot);
  }

  async read(): Promise<void> {
    const { root } = this.#boot;
    // The root is entered under a name of its own, so that nothing leads back into it.
    if (this.#volume.enter(root, Buffer.alloc(0), ROOT) === null) return;
    await this.#folder({ first: root, bytes: Infinity, contiguous: false }, ROOT);
    const { ignored } = this.#bitmap;
    if (ignored > 0)
      this.#volume.sink.gap('corrupt', `${ignored} more maps of what is in use, which are not looked at`, {
        bytes: 0,
      });
  }

  async #folder(allocation: Allocation, folder: Folder): Promise<void> {
    let current: Buffer[] = [];
    let wanted = 0;
    let broken = 0;
    let ended = false;
    try {
      for await (const piece of piecesOf(allocation, this.#volume, this.#boot)) {
        if (piece.start >= MAX_FOLDER_BYTES) break;
        this.#volume.ledger.claim(piece.from, piece.from + piece.length);
        const step = Math.min(PIECE_BYTES, this.#boot.clusterBytes);
        for (let at = 0; at < piece.length; at += step) {
          const from = piece.from + at;
          if (piece.start + at >= MAX_FOLDER_BYTES) break;
          const bytes = await this.#volume.folderBlock(from, step);
          if (bytes === null) throw new Damaged('a part of a folder that stands in two places');
          if (bytes.length < step) throw new Damaged('a part of a folder lies past the end of the image');
          for (let within = 0; within + set.ENTRY_BYTES <= bytes.length; within += set.ENTRY_BYTES) {
            const entry = bytes.subarray(within, within + set.ENTRY_BYTES);
            if (!ended && entry.readUInt8(0) === set.END) {
              ended = true;
              if (current.length > 0 && isInUse(current)) broken++;
              current = [];
            }
            if (ended) {
              // Behind the last entry there is nothing: what stands there all the same belongs to nobody.
              const rest = bytes.subarray(within);
              if (rest.some((byte) => byte !== 0))
                this.#volume.ledger.leave(from + within, from + bytes.length);
              break;
            }
            const kind = entry.readUInt8(0);
            if ((kind & set.SECONDARY) === 0) {
              if (current.length > 0 && isInUse(current)) broken++;
              current = [];
              if (set.kindOf(entry) === set.FILE) {
                current = [entry];
                wanted = set.lengthOfSet(entry);
              } else await this.#system(entry);
            } else if (current.length > 0) current.push(entry);
            if (current.length > 0 && current.length === wanted) {
              const file = set.fileOf(current);
              if (file === null && isInUse(current)) broken++;
              current = [];
              if (file !== null) await this.#entry(file, folder);
            }
          }
        }
      }
    } catch (error) {
      this.#volume.sayIfDamaged(error, folder.path);
    }
    if (current.length > 0 && isInUse(current)) broken++;
    if (broken > 0) {
      const detail = `${broken} entries of a folder are not complete`;
      this.#volume.sink.gap('corrupt', detail, { member: folder.path });
    }
  }

  async #system(entry: Buffer): Promise<void> {
    const kind = entry.readUInt8(0);
    try {
      if (kind === set.BITMAP) await this.#bitmap.locate(set.allocationOf(entry), this.#boot);
      else if (kind === set.UP_CASE) {
        await this.#content('(up-case table)', { ...set.allocationOf(entry), contiguous: false }, Infinity);
      }
    } catch (error) {
      this.#volume.sayIfDamaged(error, undefined);
    }
  }

  async #entry(file: set.FileEntry, folder: Folder): Promise<void> {
    const { name, allocation, deleted } = file;
    if (!deleted && !file.addsUp) this.#volume.wrongSum();
    if (deleted) await this.#deleted(file, folder);
    else if (!file.isFolder) {
      const member = Buffer.concat([folder.path, name]);
      await this.#content(member, allocation, file.written);
    } else if (allocation.bytes > 0) {
      const inside = this.#volume.enter(allocation.first, name, folder);
      if (inside !== null) await this.#folder(allocation, inside);
    }
  }

  /**
   * What was deleted is still there when its clusters stand in a row, and nobody else uses them. Of several that had the same
   * ones, the first is examined; what is left of the others is free space.
   */
  async #deleted({ name, isFolder, allocation, written }: set.FileEntry, folder: Folder): Promise<void> {
    const { first, bytes, contiguous } = allocation;
    if (isFolder || !contiguous || bytes === 0 || !Number.isSafeInteger(bytes)) return;
    const count = Math.ceil(bytes / this.#boot.clusterBytes);
    const [from, last] = [first, first + count - 1].map((cluster) => byteOfCluster(this.#boot, cluster));
    if (from === undefined || last === Infinity || this.#volume.ledger.isClaimed(from)) return;
    if (!(await this.#bitmap.isFree(first, count))) return;
    const member = Buffer.concat([folder.path, name, Buffer.from(' (deleted)')]);
    await this.#content(member, allocation, written);
  }

  async #content(member: Buffer | string, allocation: Allocation, written: number): Promise<void> {
    const { bytes } = allocation;
    if (!Number.isSafeInteger(bytes)) {
      this.#volume.sink.gap('budget_exceeded', 'a file of more than 8 PiB', { member });
      return;
    }
    using map = new FileMap(this.#volume, bytes, written);
    let reached = 0;
    try {
      for await (const { start, length, from } of piecesOf(allocation, this.#volume, this.#boot)) {
        map.data(start, length, from);
        reached = start + length;
      }
    } catch (error) {
      this.#volume.sayIfDamaged(error, typeof member === 'string' ? Buffer.from(member) : member);
      map.lost(reached, bytes - reached);
    }
    await this.#volume.file(member, map);
  }
}

function isInUse([first]: readonly Buffer[]): boolean {
  return first !== undefined && (first.readUInt8(0) & set.IN_USE) !== 0;
}
