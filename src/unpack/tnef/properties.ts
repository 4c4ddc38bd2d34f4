import { Damaged } from '../trouble.ts';
import type { Window } from '../window.ts';

/** Properties of one message or attachment; Outlook writes about a hundred. */
const MAX_PROPERTIES = 100_000;
const MULTIPLE = 0x1000;
/** [MS-OXCDATA] 2.11.1: types by size. */
const SIZES: Readonly<Record<number, number>> = {
  1: 4,
  2: 4,
  3: 4,
  4: 4,
  5: 8,
  6: 8,
  7: 8,
  10: 4,
  11: 4,
  20: 8,
  64: 8,
  72: 16,
};
const TEXT = 0x1e;
const UNICODE = 0x1f;
const OBJECT = 0x0d;
const BINARY = 0x102;

/** A value of variable length. */
export interface Property {
  readonly id: number;
  readonly kind: 'text' | 'unicode' | 'object' | 'binary';
  readonly start: number;
  readonly end: number;
}

/** The texts, objects and bytes among the properties in [start, end) ([MS-OXTNEF] 2.1.3.4, MsgPropertyList). */
export async function* propertiesIn(
  window: Window,
  start: number,
  end: number,
): AsyncGenerator<Property, void, undefined> {
  const cursor = new Cursor(window, start, end);
  const count = await cursor.number();
  for (let i = 0; i < count; i++) {
    if (i === MAX_PROPERTIES) throw new Damaged(`more than ${MAX_PROPERTIES} properties`);
    const tag = await cursor.number();
    const type = tag & 0xffff & ~MULTIPLE;
    const id = tag >>> 16;
    if (id >= 0x8000) await namedProperty(cursor);
    const kind = kindOf(type);
    const fixed = SIZES[type];
    const multiple = (tag & MULTIPLE) !== 0;
    if (kind === null && fixed === undefined) throw new Damaged(`a property of type ${type}`);
    const values = multiple || kind !== null ? await cursor.number() : 1;
    if (values > MAX_PROPERTIES) throw new Damaged(`a property with ${values} values`);
    for (let value = 0; value < values; value++) {
      const size = kind === null ? (fixed ?? 0) : await cursor.number();
      const at = cursor.at;
      cursor.pass(kind === null ? Math.max(size, 4) : size + ((4 - (size % 4)) % 4), size);
      if (kind !== null) yield { id, kind, start: at, end: at + size };
    }
  }
}

async function namedProperty(cursor: Cursor): Promise<void> {
  cursor.pass(16);
  const isName = await cursor.number();
  const value = await cursor.number();
  if (isName === 1) cursor.pass(value + ((4 - (value % 4)) % 4));
}

function kindOf(type: number): Property['kind'] | null {
  if (type === TEXT) return 'text';
  if (type === UNICODE) return 'unicode';
  if (type === OBJECT) return 'object';
  return type === BINARY ? 'binary' : null;
}

class Cursor {
  readonly #window: Window;
  readonly #end: number;
  at: number;

  constructor(window: Window, at: number, end: number) {
    this.#window = window;
    this.#end = end;
    this.at = at;
  }

  async number(): Promise<number> {
    const bytes = await this.#window.slice(this.at, 4);
    this.pass(4);
    if (bytes.length < 4) throw new Damaged('cut off in the properties');
    return bytes.readUInt32LE(0);
  }

  /** Throws Damaged when fewer than `needed` bytes are there. */
  pass(count: number, needed = count): void {
    if (this.at + needed > Math.min(this.#end, this.#window.size))
      throw new Damaged('cut off in the properties');
    this.at += count;
  }
}
