/** A stream or, without content, a storage. Folders on the way are made. */
export interface OleEntry {
  readonly path: string;
  readonly content?: Buffer;
  /** Nothing in the directory leads to it. */
  readonly orphan?: boolean;
}

export interface OleFile {
  readonly bytes: Buffer;
  /** Where things are in the bytes, for whoever wants to damage them. */
  readonly fatAt: number;
  readonly directoryAt: number;
  /** Where the directory entry of a path stands. */
  entryAt(path: string): number;
  /** Number of a path's first sector (or mini sector). */
  firstSector(path: string): number;
}

const FREE = 0xffffffff;
const END = 0xfffffffe;
const FAT = 0xfffffffd;
const MINI_CUTOFF = 4096;
const MINI_BYTES = 64;
const ENTRY_BYTES = 128;

interface Node {
  name: string;
  path: string;
  content: Buffer | null;
  orphan: boolean;
  children: number[];
  start: number;
}

/** A compound file ([MS-CFB]) as a careful program would write it; siblings are a list, which is a valid tree of names. */
export function oleBytes(entries: readonly OleEntry[], sectorBytes: 512 | 4096 = 512): OleFile {
  const nodes = treeOf(entries);
  const mini: Buffer[] = [];
  const miniFat: number[] = [];
  const sectors: Buffer[] = [];
  const fat: number[] = [];
  const put = (content: Buffer): number => {
    if (content.length === 0) return END;
    const first = sectors.length;
    for (let at = 0; at < content.length; at += sectorBytes) {
      const sector = Buffer.alloc(sectorBytes);
      content.copy(sector, 0, at, at + sectorBytes);
      sectors.push(sector);
      fat.push(at + sectorBytes < content.length ? sectors.length : END);
    }
    return first;
  };
  for (const node of nodes) {
    const { content } = node;
    if (content === null || content.length === 0) continue;
    if (content.length >= MINI_CUTOFF) node.start = put(content);
    else {
      node.start = miniFat.length;
      for (let at = 0; at < content.length; at += MINI_BYTES) {
        mini.push(Buffer.concat([content.subarray(at, at + MINI_BYTES)], MINI_BYTES));
        miniFat.push(at + MINI_BYTES < content.length ? miniFat.length + 1 : END);
      }
    }
  }
  const miniStream = Buffer.concat(mini);
  const miniStart = put(miniStream);
  const miniFatStart = put(numbers(miniFat, sectorBytes));
  const directoryStart = sectors.length;
  put(directory(nodes, { start: miniStart, size: miniStream.length }, sectorBytes));
  const perSector = sectorBytes / 4;
  let fatSectors = 1;
  while (fatSectors * perSector < sectors.length + fatSectors) fatSectors++;
  const fatStart = sectors.length;
  for (let i = 0; i < fatSectors; i++) fat.push(FAT);
  const bytes = Buffer.concat([
    header(sectorBytes, { fatSectors, fatStart, directoryStart, miniFatStart }),
    ...sectors,
    numbers(fat, sectorBytes),
  ]);
  const directoryAt = (directoryStart + 1) * sectorBytes;
  const places = new Map(nodes.map((node, index) => [node.path, index]));
  const indexOf = (path: string): number => {
    const index = places.get(path);
    if (index === undefined) throw new Error(`no ${path} in the compound file`);
    return index;
  };
  return {
    bytes,
    fatAt: (fatStart + 1) * sectorBytes,
    directoryAt,
    entryAt: (path) => directoryAt + indexOf(path) * ENTRY_BYTES,
    firstSector: (path) => nodes[indexOf(path)]!.start,
  };
}

function treeOf(entries: readonly OleEntry[]): Node[] {
  const root: Node = {
    name: 'Root Entry',
    path: '',
    content: null,
    orphan: false,
    children: [],
    start: END,
  };
  const nodes: Node[] = [root];
  const places = new Map<string, number>([['', 0]]);
  for (const { path, content, orphan = false } of entries) {
    let parent = 0;
    const parts = path.split('/');
    for (let i = 1; i <= parts.length; i++) {
      const here = parts.slice(0, i).join('/');
      const known = places.get(here);
      if (known !== undefined && i < parts.length) {
        parent = known;
        continue;
      }
      const last = i === parts.length;
      nodes.push({
        name: parts[i - 1]!,
        path: here,
        content: last ? (content ?? null) : null,
        orphan: last && orphan,
        children: [],
        start: END,
      });
      places.set(here, nodes.length - 1);
      if (!(last && orphan)) nodes[parent]!.children.push(nodes.length - 1);
      parent = nodes.length - 1;
    }
  }
  return nodes;
}

function directory(
  nodes: readonly Node[],
  mini: { readonly start: number; readonly size: number },
  sectorBytes: number,
): Buffer {
  const size = Math.ceil((nodes.length * ENTRY_BYTES) / sectorBytes) * sectorBytes;
  const bytes = Buffer.alloc(size);
  const next = new Map<number, number>();
  for (const node of nodes) {
    const sorted = node.children.toSorted((a, b) => compared(nodes[a]!.name, nodes[b]!.name));
    for (const [i, child] of sorted.entries()) next.set(child, sorted[i + 1] ?? FREE);
    node.children = sorted;
  }
  for (let i = 0; i < size / ENTRY_BYTES; i++) {
    const at = i * ENTRY_BYTES;
    const node = nodes[i];
    bytes.writeUInt32LE(FREE, at + 68);
    bytes.writeUInt32LE(node === undefined ? FREE : (next.get(i) ?? FREE), at + 72);
    bytes.writeUInt32LE(node?.children[0] ?? FREE, at + 76);
    if (node === undefined) continue;
    const length = bytes.write(node.name.slice(0, 31), at, 'utf16le');
    bytes.writeUInt16LE(length + 2, at + 64);
    bytes[at + 66] = i === 0 ? 5 : node.content === null ? 1 : 2;
    bytes[at + 67] = 1;
    bytes.writeUInt32LE(i === 0 ? mini.start : node.start, at + 116);
    bytes.writeUInt32LE(i === 0 ? mini.size : (node.content?.length ?? 0), at + 120);
  }
  return bytes;
}

/** Shorter names first, then by upper case ([MS-CFB] 2.6.4). */
function compared(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a.toUpperCase() < b.toUpperCase() ? -1 : 1;
}

function numbers(values: readonly number[], sectorBytes: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil((values.length * 4) / sectorBytes) * sectorBytes, 0xff);
  for (const [i, value] of values.entries()) bytes.writeUInt32LE(value, i * 4);
  return bytes;
}

function header(
  sectorBytes: number,
  at: { fatSectors: number; fatStart: number; directoryStart: number; miniFatStart: number },
): Buffer {
  if (at.fatSectors > 109) throw new Error('too large for a header without more lists');
  const bytes = Buffer.alloc(sectorBytes);
  bytes.write('d0cf11e0a1b11ae1', 'hex');
  bytes.writeUInt16LE(0x3e, 24);
  bytes.writeUInt16LE(sectorBytes === 512 ? 3 : 4, 26);
  bytes.writeUInt16LE(0xfffe, 28);
  bytes.writeUInt16LE(sectorBytes === 512 ? 9 : 12, 30);
  bytes.writeUInt16LE(6, 32);
  bytes.writeUInt32LE(at.fatSectors, 44);
  bytes.writeUInt32LE(at.directoryStart, 48);
  bytes.writeUInt32LE(MINI_CUTOFF, 56);
  bytes.writeUInt32LE(at.miniFatStart, 60);
  bytes.writeUInt32LE(at.miniFatStart === END ? 0 : 1, 64);
  bytes.writeUInt32LE(END, 68);
  for (let i = 0; i < 109; i++) {
    bytes.writeUInt32LE(i < at.fatSectors ? at.fatStart + i : FREE, 76 + i * 4);
  }
  return bytes;
}
