import type { Window } from '../window.ts';
import { parseParameters, type Parameterized } from './parameters.ts';

/** Of one field that matters, unfolded; honest ones are shorter by far. */
const MAX_FIELD = 64 * 1024;
/** Of fields that a part has twice. */
const MAX_REPEATS = 8;
const MAX_LINE = 64 * 1024;

const WANTED = ['content-type', 'content-transfer-encoding', 'content-disposition'] as const;
type Wanted = (typeof WANTED)[number];

/** A line without its end (LF, CR LF or CR), cut at 64 KiB. */
export interface Line {
  /** One character a byte, NUL left out. */
  readonly text: string;
  /** Where the next one begins. */
  readonly next: number;
}

/** Of UTF-8 and UTF-16, before the first line. */
const BYTE_ORDER_MARK = /^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/;

/** The line that begins at `at`; null at the end. Long ones are passed over in pieces. */
export async function lineAt(window: Window, at: number): Promise<Line | null> {
  const line = await rawLineAt(window, at);
  return line === null || at > 0 ? line : { ...line, text: line.text.replace(BYTE_ORDER_MARK, '') };
}

async function rawLineAt(window: Window, at: number): Promise<Line | null> {
  if (at >= window.size) return null;
  let text = '';
  for (let from = at; from < window.size;) {
    const piece = await window.slice(from, from === at ? 1024 : MAX_LINE);
    if (piece.length === 0) break;
    const end = lineEnd(piece);
    if (text.length < MAX_LINE) text += piece.toString('latin1', 0, end);
    if (end < piece.length) {
      const next = from + end + 1;
      const isPair = piece[end] === 13 && (piece[end + 1] ?? (await window.slice(next, 1))[0]) === 10;
      return { text: text.replaceAll('\0', ''), next: isPair ? next + 1 : next };
    }
    from += piece.length;
  }
  return { text: text.replaceAll('\0', ''), next: window.size };
}

function lineEnd(piece: Buffer): number {
  const lf = piece.indexOf(10);
  const cr = piece.subarray(0, lf < 0 ? piece.length : lf).indexOf(13);
  if (cr >= 0) return cr;
  return lf < 0 ? piece.length : lf;
}

/** The fields of one part that say what it is. Some have several of one name: programs differ in which they believe. */
export class Fields {
  readonly #values = new Map<Wanted, string[]>();
  /** Of the field that may go on in the next line; null: nobody wants it. */
  #open: string[] | null = null;
  count = 0;
  truncated = false;

  /** Takes a line of the header; false when it is neither a field nor the continuation of one. */
  take(text: string): boolean {
    if (/^[ \t]/.test(text) && this.count > 0) {
      this.#append(text);
      return true;
    }
    const name = /^([!-9;-~]{1,200})[ \t]*:/.exec(text)?.[1]?.toLowerCase();
    if (name === undefined) return /^>?From /.test(text);
    this.count++;
    this.#open = null;
    const wanted = WANTED.find((known) => known === name);
    if (wanted === undefined) return true;
    const values = this.#values.get(wanted) ?? [];
    this.#values.set(wanted, values);
    if (values.length === MAX_REPEATS) return true;
    values.push('');
    this.#open = values;
    this.#append(text.slice(text.indexOf(':') + 1));
    return true;
  }

  #append(text: string): void {
    const values = this.#open;
    if (values === null) return;
    const value = values.at(-1) ?? '';
    if (value.length + text.length > MAX_FIELD) this.truncated = true;
    else values[values.length - 1] = value + text;
  }

  get types(): Parameterized[] {
    return this.#all('content-type').map(parseParameters);
  }

  get dispositions(): Parameterized[] {
    return this.#all('content-disposition').map(parseParameters);
  }

  /** Each declared Content-Transfer-Encoding: its first word, in lower case. */
  get encodings(): string[] {
    return this.#all('content-transfer-encoding').map(
      (text) => /[a-z0-9][a-z0-9-]*/.exec(text.replace(/\([^)]{0,200}\)/g, '').toLowerCase())?.[0] ?? '',
    );
  }

  #all(name: Wanted): string[] {
    return this.#values.get(name) ?? [];
  }
}
