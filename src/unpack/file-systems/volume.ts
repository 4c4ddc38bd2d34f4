import { MemorySource, sliceOf, type ByteSource, type ImageCost, type RoomShare } from '../../bytes/index.ts';
import { BOMB_BYTES } from '../budget.ts';
import { handOnUnclaimed } from '../byte-ledger.ts';
import { handOnSource } from '../disks/disk-map.ts';
import { Holes } from '../disks/holes.ts';
import type { FormatSink, UnpackContext } from '../format.ts';
import { Bomb } from '../guard.ts';
import { Damaged, OverBudget, Trouble } from '../trouble.ts';
import { BlockLedger } from './block-ledger.ts';
import type { FileMap } from './file-map.ts';
import { NumberSet } from './number-set.ts';
import { Pages } from './pages.ts';

/** Folders in folders, and bytes of a folder's path. */
const MAX_DEPTH = 256;
const MAX_PATH_BYTES = 64 * 1024;
/** Folders of one file system: 64 MB are held for them. */
const MAX_FOLDERS = 4_000_000;
/** Files that are remembered, whatever number of names they admit to; beyond, each name is examined as a file of its own. */
const MAX_FILES = 4_000_000;
/** Blocks of trees that are remembered; beyond, only their bytes are counted. */
const MAX_TREE_BLOCKS = 4_000_000;
/** Structures that are read, in bytes: an honest image has no more of them than bytes, each read once or twice. */
const FREE_STRUCTURE_BYTES = 64 * 1024 * 1024;
/** What a read costs at least, in bytes. */
const LEAST_READ_BYTES = 64;
/**
 * The same for what is looked up again and again, which snapshots do for all of a tree: 100 of them may share what is stored.
 * What was kept costs as much as so many bytes.
 */
const FREE_LOOKED_AT_BYTES = 512 * 1024 * 1024;
const LOOKS_A_BYTE = 64;
const KEPT_LOOK_BYTES = 1024;
/** Ends of files' last blocks that are remembered. */
const MAX_TAILS = 4_000_000;
const ZEROS = Buffer.alloc(64 * 1024);

/** Said of every file system that is read here. */
export const FILE_SYSTEM_LIMITS: readonly string[] = [
  'Folders nested 256 deep, and 64 KiB of a path',
  '4 million folders',
  '4 million pieces of one file that do not follow each other',
  '4 million files that are remembered; beyond, each further name of one is examined as a file of its own',
  '256 MiB for what is held of all images of one tree at a time: which bytes lie where, what was met, what is accounted for',
  '100,000 stretches that belong to no file; beyond, they are examined as one',
];

export interface Folder {
  /** With a slash at its end; empty for the root. */
  readonly path: Buffer;
  readonly depth: number;
}

export const ROOT: Folder = { path: Buffer.alloc(0), depth: 0 };

export interface Layout {
  /** The unit in which space is given to files. */
  readonly blockBytes: number;
  /** Where one of them begins, if not at 0. */
  readonly blocksAt?: number;
  /** Whether files may share their blocks. */
  readonly shares: boolean;
}

/**
 * What the reading of one file system shares: its bytes, which of them are accounted for, and what was seen so far. Holds
 * room of the tree's budget until it is disposed of.
 */
export class Volume implements Disposable {
  readonly source: ByteSource;
  readonly sink: FormatSink;
  readonly signal: AbortSignal;
  readonly blockBytes: number;
  readonly ledger: BlockLedger;
  readonly #pages: Pages;
  readonly holes: Holes;
  readonly cost: ImageCost;
  readonly room: RoomShare;
  /** What is forgotten with each tree of the same file system. */
  readonly #treeRoom: RoomShare;
  #folders: NumberSet;
  #files: NumberSet;
  readonly #treeBlocks: NumberSet;
  readonly #tails: NumberSet;
  /** Bytes of files that lie in the image, each as often as a file has it. */
  #handedOn = 0;
  readonly #shares: boolean;
  readonly #maxRatio: number;
  #structureBytes = 0;
  #lookedAtBytes = 0;
  #wrongSums = 0;

  constructor(
    source: ByteSource,
    { blockBytes, blocksAt = 0, shares }: Layout,
    sink: FormatSink,
    { signal, budget }: UnpackContext,
  ) {
    this.source = source;
    this.sink = sink;
    this.signal = signal;
    this.blockBytes = blockBytes;
    this.#shares = shares;
    this.#maxRatio = budget.limits.max_ratio;
    this.cost = budget.images;
    this.room = this.cost.share();
    this.#treeRoom = this.cost.share();
    this.#folders = new NumberSet(MAX_FOLDERS, this.#treeRoom);
    this.#files = new NumberSet(MAX_FILES, this.#treeRoom);
    this.#treeBlocks = new NumberSet(MAX_TREE_BLOCKS, this.room);
    this.#tails = new NumberSet(MAX_TAILS, this.room);
    try {
      this.ledger = new BlockLedger(source, blockBytes, { firstBlock: blocksAt, room: this.room });
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.#pages = new Pages(source);
    this.holes = Holes.ofImage(source.nextRun === undefined ? source.size : 0);
  }

  /** Bytes of a structure, not to be changed; fewer where the image ends. Throws OverBudget, or what ends the scan. */
  async read(position: number, count: number): Promise<Buffer> {
    this.signal.throwIfAborted();
    this.#structureBytes += Math.max(LEAST_READ_BYTES, count);
    if (this.#structureBytes > FREE_STRUCTURE_BYTES + 4 * this.ledger.stored)
      throw new OverBudget(
        `its structures lead to themselves: ${this.#structureBytes} bytes of them were read`,
      );
    return this.#pages.read(position, count);
  }

  /** The same for what trees that share their nodes are looked up in again and again. */
  async look(position: number, count: number): Promise<Buffer> {
    this.signal.throwIfAborted();
    this.#looked(count);
    return this.#pages.read(position, count);
  }

  /** A look at what the caller has kept. */
  lookAgain(): void {
    this.#looked(KEPT_LOOK_BYTES);
  }

  #looked(bytes: number): void {
    this.#lookedAtBytes += bytes;
    if (this.#lookedAtBytes > FREE_LOOKED_AT_BYTES + LOOKS_A_BYTE * this.ledger.stored)
      throw new OverBudget(
        `many trees share the same nodes: ${this.#lookedAtBytes} bytes of them were looked at`,
      );
  }

  /** The same, all of it: throws Damaged where the image ends. */
  async readAll(position: number, count: number, what: string): Promise<Buffer> {
    const bytes = await this.read(position, count);
    if (bytes.length < count) throw new Damaged(`${what} lies past the end of the image`);
    return bytes;
  }

  /** A block of a tree, which has one place in one tree: where it is met again, somebody wants an endless one. Claims it. */
  async treeBlock(position: number, what: string): Promise<Buffer> {
    const block = await this.readAll(position, this.blockBytes, what);
    if (this.#treeBlocks.add(position) === 'known') throw new Damaged(`${what} that stands in two places`);
    this.ledger.claim(position, position + this.blockBytes);
    return block;
  }

  /** A block of a folder, which is in one folder and there once; null where it is met again: everything in it is known. */
  async folderBlock(position: number, count: number): Promise<Buffer | null> {
    return this.#treeBlocks.add(position) === 'known' ? null : this.read(position, count);
  }

  /** What must be there for all of the file system to be there. */
  sayIfCutOff(bytes: number): void {
    const missing = bytes - this.source.size;
    if (missing > 0)
      this.sink.gap('corrupt', `cut off: ${missing} bytes of the file system are not there`, {
        bytes: Number.isSafeInteger(missing) ? missing : null,
      });
  }

  /** Damage of one part is a gap, and the next part follows; any other error is thrown on. */
  sayIfDamaged(error: unknown, member: Buffer | undefined, where = ''): void {
    if (!(error instanceof Trouble) || error.reason !== 'corrupt') throw error;
    this.sink.gap('corrupt', `${where}${error.message}`, member === undefined ? {} : { member });
  }

  wrongSum(): void {
    this.#wrongSums++;
  }

  /** What follows counts its inodes anew: another tree of the same file system. */
  nextTree(): void {
    this.#treeRoom[Symbol.dispose]();
    this.#folders = new NumberSet(MAX_FOLDERS, this.#treeRoom);
    this.#files = new NumberSet(MAX_FILES, this.#treeRoom);
  }

  [Symbol.dispose](): void {
    this.room[Symbol.dispose]();
    this.#treeRoom[Symbol.dispose]();
  }

  /** The folder called `name` in another; null, and a gap, when it is not to be entered. `id`: its inode or place. */
  enter(id: number, name: Uint8Array, parent: Folder): Folder | null {
    const path = Buffer.concat([parent.path, name, SLASH]);
    if (parent.depth >= MAX_DEPTH || path.length > MAX_PATH_BYTES) {
      const detail = `folders nested more than ${MAX_DEPTH} deep, or in a path of more than ${MAX_PATH_BYTES} bytes`;
      this.sink.gap('budget_exceeded', detail, { member: path });
      return null;
    }
    const seen = this.#folders.add(id);
    if (seen === 'full') throw new OverBudget('more folders than can be remembered');
    if (seen === 'known') {
      this.sink.gap('corrupt', 'a folder that stands in two places', { member: path, bytes: 0 });
      return null;
    }
    return { path, depth: parent.depth + 1 };
  }

  /** Whether a file was handed on under another name before; then it is listed as a link. */
  isAnotherName(id: number, member: Buffer): boolean {
    if (this.#files.add(id) !== 'known') return false;
    this.sink.link('hard', member, null);
    return true;
  }

  async file(member: Uint8Array | string, map: FileMap): Promise<void> {
    await this.sayWhatIsMissing(member, map);
    this.willHandOn(map.mapped);
    await handOnSource(member, map.finish(), this.holes, this.sink);
  }

  /** Throws Bomb when far more comes out than is there: files that share their blocks, or what is packed. */
  willHandOn(bytes: number): void {
    this.#handedOn += bytes;
    const { stored } = this.ledger;
    const ratio = this.#shares ? this.#maxRatio : 2;
    if (this.#handedOn <= BOMB_BYTES || this.#handedOn <= ratio * stored) return;
    this.sayIfShared();
    throw new Bomb(this.#handedOn, stored, ratio);
  }

  /** What of a file does not come out, as gaps; and what stands behind its end is left to nobody. */
  async sayWhatIsMissing(member: Uint8Array | string, { missing, dropped, tail }: FileMap): Promise<void> {
    if (missing > 0) {
      const detail = `${missing} of its bytes lie past the end of the image or in a place that is not known`;
      this.sink.gap('corrupt', detail, { member, bytes: missing });
    }
    if (dropped > 0) {
      const detail = `${dropped} of its bytes lie in more pieces than are sorted out, or in two places at once`;
      this.sink.gap('budget_exceeded', detail, { member, bytes: dropped });
    }
    if (tail !== null) await this.#slack(tail.start, tail.end);
  }

  /** A part of the image that is a structure and may hold anything, such as a journal; nothing when it is empty. */
  async region(member: string, start: number, end: number): Promise<void> {
    this.ledger.claim(start, end);
    const to = Math.min(end, this.source.size);
    if (start < to) await handOnSource(member, sliceOf(this.source, start, to), this.holes, this.sink);
  }

  /** Content that is kept within a structure, not in blocks of its own; `size` as it is told. */
  async held(member: Buffer, bytes: Buffer, size: number): Promise<void> {
    if (bytes.length < size) {
      const detail = `${size - bytes.length} of its bytes are not there`;
      this.sink.gap('corrupt', detail, { member, bytes: size - bytes.length });
    }
    const content = new MemorySource(bytes);
    await this.sink.member({ name: member, size: bytes.length, content: content.stream(), source: content });
  }

  /** What stands in front of a structure, up to `end` in the same block. */
  async front(end: number): Promise<void> {
    await this.#slack(0, end);
  }

  /** A structure of less than a block: what follows it in the block belongs to nobody. */
  async part(start: number, end: number): Promise<void> {
    this.ledger.claim(start, end);
    await this.#slack(end, this.ledger.blockEnd(end));
  }

  /** All that no file and no structure claimed, and what was found out on the way. */
  async finish(): Promise<void> {
    const { sink, ledger } = this;
    if (this.#wrongSums > 0)
      sink.gap('corrupt', `${this.#wrongSums} of its structures do not match their check sums`);
    if (this.holes.leftOut > 0) sink.measure('hole_bytes_left_out', this.holes.leftOut);
    await handOnUnclaimed(ledger, this.source, sink);
    if (ledger.unsorted > 0) {
      const detail = `in too many pieces to be sorted out: free space of ${ledger.unsorted} bytes is only seen as part of the image`;
      sink.gap('budget_exceeded', detail, { bytes: ledger.unsorted });
    }
  }

  /** More of files than there is image: they share it. That is an attack where no honest one does. */
  sayIfShared(): void {
    const { stored } = this.ledger;
    if (this.#handedOn <= stored) return;
    const evidence = { bytes_of_image: stored, bytes_of_files: this.#handedOn };
    if (!this.#shares)
      this.sink.unsafe('overlapping-files', 'files share the same bytes of the image', { evidence });
    else this.sink.measure('shared_bytes', this.#handedOn - stored);
  }

  async #slack(start: number, end: number): Promise<void> {
    if (!(start < end) || this.#tails.add(start) === 'known') return;
    for (let at = start; at < end; at += ZEROS.length) {
      const bytes = await this.read(at, Math.min(ZEROS.length, end - at));
      if (bytes.equals(ZEROS.subarray(0, bytes.length))) continue;
      this.ledger.leave(start, end);
      return;
    }
  }
}

const SLASH = Buffer.from('/');
