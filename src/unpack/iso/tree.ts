import { Damaged, OverBudget } from '../trouble.ts';
import { contentOf, sliceFor } from './content.ts';
import { contentKey, continued, fileOf, isSpecial, type File } from './file.ts';
import { PARENT, SELF, type Image } from './image.ts';
import { directoryRecord, type DirectoryRecord, type Extent } from './record.ts';
import { RockRidgeReader, sharedFieldsSkip, type RockRidge } from './rock-ridge.ts';
import { pathTable, SECTOR_BYTES, type Volume } from './volume.ts';
import { zisofsContent } from './zisofs.ts';

/** Folders in folders, and bytes of a folder's path. */
const MAX_DEPTH = 256;
const MAX_PATH_BYTES = 64 * 1024;
/** Held for folders that are still to be read: their paths, and what each costs besides. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const FOLDER_BYTES = 256;

interface Folder {
  readonly extent: Extent;
  /** In bytes, with a slash at its end; empty for the root. */
  readonly path: Buffer;
  readonly depth: number;
}

/** Reads one tree of folders: every file that no tree before it showed is handed on. */
export class Tree {
  readonly #image: Image;
  readonly #volume: Volume;
  readonly #waiting: Folder[] = [];
  /** Folders that were moved up because they lay too deep: read last, so that their own place names them. */
  readonly #moved: Folder[] = [];
  #waitingBytes = 0;
  #rockRidge: RockRidgeReader | null = null;

  constructor(image: Image, volume: Volume) {
    this.#image = image;
    this.#volume = volume;
  }

  async read(): Promise<void> {
    const root = directoryRecord(this.#volume.root, 0, this.#volume.blockBytes);
    if (root === null) {
      this.#image.sink.gap('corrupt', 'a volume without a root folder');
      return;
    }
    for (const extent of root.extents) {
      this.#rockRidge ??= await this.#rockRidgeOf(extent.start);
      this.#wait({ extent, path: Buffer.alloc(0), depth: 0 }, this.#waiting);
    }
    await this.#readWaiting();
    for (const table of this.#volume.pathTables) await this.#readPathTable(table.block, table.bigEndian);
  }

  async #rockRidgeOf(root: number): Promise<RockRidgeReader | null> {
    const { blockBytes } = this.#volume;
    const record = directoryRecord(await this.#image.bytesAt(root, SECTOR_BYTES), 0, blockBytes);
    const skip = record === null ? null : sharedFieldsSkip(record.systemUse);
    return skip === null
      ? null
      : new RockRidgeReader(this.#image.source, this.#image.ledger, blockBytes, skip);
  }

  async #readWaiting(): Promise<void> {
    for (;;) {
      const folder = this.#waiting.pop() ?? this.#moved.pop();
      if (folder === undefined) return;
      this.#waitingBytes -= folder.path.length + FOLDER_BYTES;
      await this.#readFolder(folder);
    }
  }

  async #readFolder(folder: Folder): Promise<void> {
    const { source, sink, signal } = this.#image;
    const { start, length } = folder.extent;
    const end = Math.min(start + length, source.size);
    if (end < start + length) {
      const bytes = start + length - Math.max(start, end);
      sink.gap('corrupt', 'a folder lies outside the image', { member: folder.path, bytes });
    }
    let begun: File | null = null;
    for (let at = start; at < end; at += SECTOR_BYTES) {
      signal.throwIfAborted();
      if (!this.#image.enterSector(at)) continue;
      const sector = await this.#image.bytesAt(at, Math.min(SECTOR_BYTES, end - at));
      begun = await this.#readSector(sector, at, folder, begun);
    }
    if (begun !== null) await this.#file(begun, folder);
  }

  /** Returns the file that goes on in the next sector. */
  async #readSector(
    sector: Buffer,
    start: number,
    folder: Folder,
    before: File | null,
  ): Promise<File | null> {
    let begun = before;
    for (let at = 0; at < sector.length && sector[at] !== 0;) {
      const record = directoryRecord(sector, at, this.#volume.blockBytes);
      if (record === null) {
        this.#image.sink.gap('corrupt', 'a record of a folder that cannot be', { member: folder.path });
        return begun;
      }
      const length = sector.readUInt8(at);
      this.#image.ledger.claim(start + at, start + at + length);
      at += length;
      begun = await this.#record(record, folder, begun);
    }
    return begun;
  }

  async #record(record: DirectoryRecord, folder: Folder, begun: File | null): Promise<File | null> {
    const rockRidge = (await this.#rockRidge?.read(record.systemUse)) ?? null;
    if (record.name.equals(SELF) || record.name.equals(PARENT)) return begun;
    const name = rockRidge?.name ?? this.#plainName(record.name);
    if (rockRidge !== null && rockRidge.childBlock !== null) {
      await this.#movedChild(rockRidge.childBlock, name, folder);
      return begun;
    }
    if (record.isFolder) {
      for (const extent of record.extents) this.#enter(extent, name, folder, rockRidge?.moved === true);
      return begun;
    }
    const file = begun === null ? fileOf(name, record, rockRidge) : continued(begun, record);
    if (record.goesOn) return file;
    await this.#file(file, folder);
    return null;
  }

  /** Without the version behind the semicolon, and the dot that even names without an ending must have. */
  #plainName(stored: Buffer): Buffer {
    const name = this.#volume.joliet ? utf8FromBigEndian(stored) : Buffer.from(stored);
    const version = /;[0-9]{1,5}$/.exec(name.toString('latin1'))?.index;
    const bare = name.subarray(0, version ?? name.length);
    const dotted = !this.#volume.joliet && bare.length > 1 && bare.at(-1) === 0x2e;
    return dotted ? bare.subarray(0, -1) : bare;
  }

  async #movedChild(block: number, name: Buffer, folder: Folder): Promise<void> {
    const start = block * this.#volume.blockBytes;
    const extent = await this.#image.folderAt(start, this.#volume.blockBytes);
    if (extent === null) {
      const member = Buffer.concat([folder.path, name]);
      this.#image.sink.gap('corrupt', 'a folder that was moved is not where it should be', { member });
    } else this.#enter(extent, name, folder, false);
  }

  #enter(extent: Extent, name: Buffer, parent: Folder, moved: boolean): void {
    const path = Buffer.concat([parent.path, name, SLASH]);
    if (parent.depth >= MAX_DEPTH || path.length > MAX_PATH_BYTES) {
      const detail = `folders nested more than ${MAX_DEPTH} deep, or in a path of more than ${MAX_PATH_BYTES} bytes`;
      this.#image.sink.gap('budget_exceeded', detail, { member: path, bytes: extent.length });
      return;
    }
    this.#wait({ extent, path, depth: parent.depth + 1 }, moved ? this.#moved : this.#waiting);
  }

  #wait(folder: Folder, queue: Folder[]): void {
    this.#waitingBytes += folder.path.length + FOLDER_BYTES;
    if (this.#waitingBytes > MAX_WAITING_BYTES)
      throw new OverBudget(`more than ${MAX_WAITING_BYTES} bytes of folders wait to be read`);
    queue.push(folder);
  }

  async #file(file: File, folder: Folder): Promise<void> {
    const member = Buffer.concat([folder.path, file.name]);
    const { sink } = this.#image;
    if (file.rockRidge !== null && file.rockRidge.target !== null)
      sink.link('symbolic', member, file.rockRidge.target);
    else if (isSpecial(file)) sink.device(member);
    for (const extents of file.readings) await this.#content(file, member, extents);
  }

  async #content(file: File, member: Buffer, extents: readonly Extent[]): Promise<void> {
    const { source, ledger, sink } = this.#image;
    const size = extents.reduce((sum, { length }) => sum + length, 0);
    if (!this.#image.examineOnce(contentKey(member, extents)) || (size === 0 && isSpecial(file))) return;
    if (file.interleaved) {
      sink.gap('unsupported_format', 'its blocks alternate with others', { member, bytes: size });
      return;
    }
    if (file.rockRidge?.zisofs != null && (await this.#unpacked(file.rockRidge.zisofs, member, extents)))
      return;
    let missing = 0;
    for (const { start, length } of extents) {
      ledger.claim(start, start + length);
      missing += Math.max(0, length - Math.max(0, source.size - start));
    }
    if (missing < size || size === 0)
      await sink.member({
        name: member,
        size,
        content: contentOf(source, extents),
        ...sliceFor(source, extents),
      });
    if (missing > 0)
      sink.gap('corrupt', `${missing} of ${size} bytes lie outside the image`, { member, bytes: missing });
  }

  /** True when the file came out unpacked; else it is a gap, and its stored bytes are what can be handed on. */
  async #unpacked(
    zisofs: NonNullable<RockRidge['zisofs']>,
    member: Buffer,
    extents: readonly Extent[],
  ): Promise<boolean> {
    const { source, ledger, sink, signal } = this.#image;
    const [extent] = extents;
    if (zisofs === 'unsupported' || extent === undefined || extents.length > 1) {
      sink.gap('unsupported_format', 'stored with a compression that nobody here unpacks', { member });
      return false;
    }
    ledger.claim(extent.start, extent.start + extent.length);
    const content = zisofsContent(source, extent, zisofs.size, signal);
    try {
      await sink.member({ name: member, size: zisofs.size, content });
      return true;
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      sink.gap('corrupt', error.message, { member });
      return false;
    }
  }

  /** A folder that only a path table names is read like any other. */
  async #readPathTable(block: number, bigEndian: boolean): Promise<void> {
    const { source, ledger, signal } = this.#image;
    const { blockBytes, pathTableBytes } = this.#volume;
    const entries = pathTable(source, block * blockBytes, pathTableBytes, bigEndian);
    for await (const entry of entries) {
      signal.throwIfAborted();
      const start = entry.block * blockBytes;
      if (!this.#image.isFolder(start)) {
        const extent = await this.#image.folderAt(start, blockBytes);
        if (extent === null) return;
        this.#wait({ extent, path: Buffer.from('(path table)/'), depth: 0 }, this.#waiting);
        await this.#readWaiting();
      }
      ledger.claim(entry.start, entry.end);
    }
  }
}

const SLASH = Buffer.from('/');

function utf8FromBigEndian(name: Buffer): Buffer {
  const even = Buffer.from(name.subarray(0, name.length - (name.length % 2)));
  return Buffer.from(even.swap16().toString('utf16le'));
}
