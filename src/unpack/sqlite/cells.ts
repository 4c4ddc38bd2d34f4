import { Damaged } from '../trouble.ts';
import type { Pages } from './pages.ts';
import { varintAt } from './varint.ts';

/** One record of a table or index, as its page holds it. */
export interface Cell {
  readonly page: number;
  readonly index: number;
  /** null in an index, which has none. */
  readonly rowid: number | null;
  /** Bytes of the whole record. */
  readonly size: number;
  /** As much of it as lies in the page; a copy. */
  readonly local: Buffer;
  /** The first page of the rest; 0: there is none. */
  readonly overflow: number;
}

const INDEX_INTERIOR = 2;
const TABLE_INTERIOR = 5;
const INDEX_LEAF = 10;
const TABLE_LEAF = 13;
/** The file's own header stands before that of page 1. */
const FIRST_PAGE_HEADER = 100;
const POINTER_BYTES = 4;

/** The parts of one b-tree page: https://www.sqlite.org/fileformat2.html, 1.6. */
export interface TreePage {
  readonly children: readonly number[];
  readonly cells: readonly Cell[];
  /** Why not all of it could be read; null: it could. */
  readonly damage: string | null;
}

/** Throws Damaged when the page is none of a b-tree. */
export function treePage(bytes: Buffer, page: number, file: Pages): TreePage {
  const head = page === 1 ? FIRST_PAGE_HEADER : 0;
  const kind = bytes.readUInt8(head);
  if (![INDEX_INTERIOR, TABLE_INTERIOR, INDEX_LEAF, TABLE_LEAF].includes(kind)) {
    throw new Damaged(`page ${page} belongs to no table or index`);
  }
  const interior = kind === INDEX_INTERIOR || kind === TABLE_INTERIOR;
  const table = kind === TABLE_INTERIOR || kind === TABLE_LEAF;
  const pointers = head + (interior ? 12 : 8);
  const count = bytes.readUInt16BE(head + 3);
  const children: number[] = [];
  const cells: Cell[] = [];
  let damage: string | null = null;
  // Cells that lie over each other would make much of little.
  let room = file.usable;
  for (let index = 0; index < count && damage === null; index++) {
    const pointer = pointers + 2 * index;
    if (pointer + 2 > file.usable) damage = 'more cells than fit in it';
    else {
      const at = bytes.readUInt16BE(pointer);
      if (interior && at + POINTER_BYTES > file.usable) damage = 'a cell outside the page';
      else {
        if (interior) children.push(bytes.readUInt32BE(at));
        if (kind === TABLE_INTERIOR) continue;
        const cell = cellAt(bytes, at + (interior ? POINTER_BYTES : 0), { page, index, table }, file);
        room -= cell?.local.length ?? 0;
        if (cell === null) damage = 'a cell that leads out of the page';
        else if (room < 0) damage = 'cells that lie over each other';
        else cells.push(cell);
      }
    }
  }
  if (interior) children.push(bytes.readUInt32BE(head + 8));
  return { children, cells, damage };
}

function cellAt(
  bytes: Buffer,
  start: number,
  { page, index, table }: { readonly page: number; readonly index: number; readonly table: boolean },
  { usable }: Pages,
): Cell | null {
  const size = varintAt(bytes, start, usable);
  if (size.length === 0) return null;
  let at = start + size.length;
  let rowid: number | null = null;
  if (table) {
    const id = varintAt(bytes, at, usable);
    if (id.length === 0) return null;
    rowid = id.value;
    at += id.length;
  }
  const inPage = localBytes(size.value, table, usable);
  const spills = inPage < size.value;
  const end = at + inPage;
  if (end + (spills ? POINTER_BYTES : 0) > usable) return null;
  return {
    page,
    index,
    rowid,
    size: size.value,
    local: Buffer.from(bytes.subarray(at, end)),
    overflow: spills ? bytes.readUInt32BE(end) : 0,
  };
}

/** How much of a record stays in its page (1.6, "the amount of payload"). */
function localBytes(size: number, table: boolean, usable: number): number {
  const most = table ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (size <= most) return size;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const kept = least + ((size - least) % (usable - POINTER_BYTES));
  return kept <= most ? kept : least;
}
