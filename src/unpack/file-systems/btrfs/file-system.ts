import type { ByteSource } from '../../../bytes/index.ts';
import { countOf } from '../../disks/bytes-at.ts';
import type { FormatSink, UnpackContext } from '../../format.ts';
import { OverBudget } from '../../trouble.ts';
import { ROOT, Volume, type Folder } from '../volume.ts';
import { Chunks } from './chunks.ts';
import * as keys from './keys.ts';
import { Nodes, type Item } from './nodes.ts';
import { Subvolume } from './subvolume.ts';
import { COPIES, SUPER_BYTES, superBlock, type SuperBlock, type TreePlace } from './super-block.ts';

const FS_TREE = 5;
const FIRST_SUBVOLUME = 256;
const CHUNK_OBJECT = 256;
const ROOT_ITEM_BYTES = 239;
/** Subvolumes and snapshots; and what is held for those that are still to be read. */
const MAX_SUBVOLUMES = 100_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const FIRST_KEY = keys.key(0, 0, 0);
const LAST_KEY = Buffer.alloc(keys.KEY_BYTES, 0xff);

/** Hands on the files of all subvolumes and snapshots, and whatever belongs to nothing. */
export async function readBtrfs(source: ByteSource, sink: FormatSink, context: UnpackContext): Promise<void> {
  const found = await superBlock(source);
  using volume = new Volume(source, { ...found, shares: true }, sink, context);
  volume.sayIfCutOff(found.bytes);
  if (found.unknownFeatures !== 0)
    sink.gap(
      'unsupported_format',
      `features that are not known here: 0x${found.unknownFeatures.toString(16)}`,
    );
  if (found.hasLog) {
    const detail = 'it was not unmounted: its log holds changes, which are not replayed here';
    sink.gap('corrupt', detail, { bytes: 0 });
  }
  for (const at of COPIES) volume.ledger.claim(at, Math.min(at + SUPER_BYTES, found.bytes));
  const chunks = new Chunks(found.device);
  chunks.addSystem(found.systemChunks);
  const nodes = new Nodes(volume, found, chunks);
  try {
    await readChunks(nodes, found, chunks);
  } catch (error) {
    volume.sayIfDamaged(error, undefined, 'of its chunks: ');
  }
  sayWhatIsElsewhere(found, chunks, sink);
  const forest = new Forest(volume, nodes, chunks, found);
  await forest.read();
  volume.sayIfShared();
  await volume.finish();
}

async function readChunks(nodes: Nodes, found: SuperBlock, chunks: Chunks): Promise<void> {
  await nodes.claim(found.chunkRoot);
  const first = keys.key(CHUNK_OBJECT, keys.CHUNK_ITEM, 0);
  const last = keys.key(CHUNK_OBJECT, keys.CHUNK_ITEM, Number.MAX_SAFE_INTEGER);
  for await (const { offset, bytes } of nodes.items(found.chunkRoot, first, last)) chunks.add(offset, bytes);
}

function sayWhatIsElsewhere({ devices }: SuperBlock, { elsewhere }: Chunks, sink: FormatSink): void {
  if (devices <= 1 && elsewhere === 0) return;
  const detail = `one of ${devices} devices: ${elsewhere} bytes of it are striped, or lie on others`;
  sink.gap('unsupported_format', detail, { bytes: Number.isSafeInteger(elsewhere) ? elsewhere : null });
}

interface Waiting {
  readonly id: number;
  readonly folder: Folder;
}

/** All the trees of files. */
class Forest {
  readonly #volume: Volume;
  readonly #nodes: Nodes;
  readonly #chunks: Chunks;
  readonly #super: SuperBlock;
  readonly #trees = new Map<number, TreePlace>();
  readonly #waiting: Waiting[] = [];
  readonly #seen = new Set<number>();
  #waitingBytes = 0;

  constructor(volume: Volume, nodes: Nodes, chunks: Chunks, found: SuperBlock) {
    this.#volume = volume;
    this.#nodes = nodes;
    this.#chunks = chunks;
    this.#super = found;
  }

  async read(): Promise<void> {
    await this.#findTrees();
    const examined = this.#trees.size > 1 ? new Set<string>() : null;
    this.#wait(FS_TREE, ROOT);
    await this.#readWaiting(examined);
    // Subvolumes that no folder leads to: deleted ones that were not cleaned away yet.
    for (const id of this.#trees.keys()) {
      if (this.#seen.has(id)) continue;
      this.#wait(id, { path: Buffer.from(`(subvolume ${id}, in no folder)/`), depth: 1 });
      await this.#readWaiting(examined);
    }
  }

  async #findTrees(): Promise<void> {
    try {
      await this.#nodes.claim(this.#super.root);
      for await (const item of this.#nodes.items(this.#super.root, FIRST_KEY, LAST_KEY)) {
        if (item.type !== keys.ROOT_ITEM || item.bytes.length < ROOT_ITEM_BYTES) continue;
        await this.#tree(item);
      }
    } catch (error) {
      this.#volume.sayIfDamaged(error, undefined, 'of its list of trees: ');
    }
  }

  async #tree({ object: id, bytes }: Item): Promise<void> {
    const place = { at: countOf(bytes.readBigUInt64LE(176)), level: bytes.readUInt8(238) };
    try {
      await this.#nodes.claim(place);
    } catch (error) {
      this.#volume.sayIfDamaged(error, undefined, `tree ${id}: `);
    }
    if (id !== FS_TREE && (id < FIRST_SUBVOLUME || !Number.isSafeInteger(id))) return;
    if (this.#trees.size >= MAX_SUBVOLUMES) throw new OverBudget(`more than ${MAX_SUBVOLUMES} subvolumes`);
    this.#trees.set(id, place);
  }

  async #readWaiting(examined: Set<string> | null): Promise<void> {
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop()) {
      this.#waitingBytes -= next.folder.path.length;
      const tree = this.#trees.get(next.id);
      if (tree === undefined) {
        this.#volume.sink.gap('corrupt', `subvolume ${next.id} is not there`, { member: next.folder.path });
        continue;
      }
      this.#volume.nextTree();
      const shared = {
        volume: this.#volume,
        nodes: this.#nodes,
        chunks: this.#chunks,
        examined,
        found: (id: number, { path, depth }: Folder, name: Buffer) =>
          this.#wait(id, { path: Buffer.concat([path, name, SLASH]), depth: depth + 1 }),
      };
      await new Subvolume(tree, shared).read(next.folder);
    }
  }

  /** Each once: of the places that lead to one, those in snapshots of its parent are empty folders. */
  #wait(id: number, folder: Folder): void {
    if (this.#seen.has(id)) return;
    // A snapshot keeps the entries of subvolumes that are gone.
    if (!this.#trees.has(id) && id !== FS_TREE) {
      this.#volume.sink.measure('subvolumes_that_are_gone', 1);
      return;
    }
    this.#waitingBytes += folder.path.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES)
      throw new OverBudget(`more than ${MAX_WAITING_BYTES} bytes of subvolumes wait to be read`);
    this.#seen.add(id);
    this.#waiting.push({ id, folder });
  }
}

const SLASH = Buffer.from('/');
