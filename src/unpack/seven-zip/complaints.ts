/** Kept of what 7-Zip complains about: it would name every one of a million members. */
const KEPT = 20;
const LENGTH = 200;
const HARD =
  /^(?:Can(?:'|no)t allocate|Cannot open|Can't open as archive|Unexpected end|Unsupported Method|System ERROR|Break signaled|Enter password|Errors = )/;
/** How much there is stands in the list, and is handed on from there. */
const TAIL = 'There are data after the end of archive';

/** Picks errors and warnings out of what 7-Zip prints. */
export class Complaints {
  readonly list: string[] = [];
  /** Complaints about what is dealt with elsewhere: links, and data after the archive's end. */
  harmless = 0;
  #block = false;

  get any(): boolean {
    return this.list.length > 0;
  }

  line(line: string): void {
    const text = line.trim();
    if (linkOf(text) !== null || text === TAIL) this.harmless++;
    else if (/^(?:ERRORS?|WARNINGS?):$/.test(text)) this.#block = true;
    else if (text === '' || text === '--' || / = /.test(text)) this.#block = false;
    else if (/^(?:ERROR|WARNING)[S:]/.test(text)) this.add(text.replace(/^(?:ERROR|WARNING)S?: */, ''));
    else if (this.#block || HARD.test(text)) this.add(text);
  }

  add(text: string): void {
    const short = text.slice(0, LENGTH);
    if (this.list.length < KEPT && !this.list.includes(short)) this.list.push(short);
  }
}

export interface ListedLink {
  readonly how: 'symbolic' | 'hard';
  readonly name: string;
  readonly target: string;
}

/** The link that a complaint is about: 7-Zip grumbles over those that it does not make, and they are only counted. */
export function linkOf(line: string): ListedLink | null {
  const text = line.trim();
  const symbolic = /^ERROR: Dangerous (?:symbolic )?link path was ignored : ([^]*?) : ([^]*)$/.exec(text);
  const hard = /^ERROR: Cannot create hard link : .*? : \/o\/([^]*?) : \/o\/([^]*)$/.exec(text);
  const [, name, target] = symbolic ?? hard ?? [];
  if (name === undefined || target === undefined) return null;
  return { how: symbolic === null ? 'hard' : 'symbolic', name, target };
}
