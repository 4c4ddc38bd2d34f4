/** Kept of what 7-Zip complains about: it would name every one of a million members. */
const KEPT = 20;
const LENGTH = 200;

/** Picks errors and warnings out of what 7-Zip prints. */
export class Complaints {
  readonly list: string[] = [];
  /** Complaints that were only about links. */
  links = 0;
  #block = false;

  get any(): boolean {
    return this.list.length > 0;
  }

  line(line: string): void {
    const text = line.trim();
    if (linkOf(line) !== null) {
      this.links++;
      return;
    }
    if (/^(?:ERRORS?|WARNINGS?):$/.test(text)) this.#block = true;
    else if (text === '' || text === '--') this.#block = false;
    else if (/^(?:ERROR|WARNING)[S:]/.test(text)) this.add(text.replace(/^(?:ERROR|WARNING)[S]?: */, ''));
    else if (this.#block || HARD.test(text)) this.add(text);
  }

  add(text: string): void {
    const short = text.slice(0, LENGTH);
    if (this.list.length < KEPT && !this.list.includes(short)) this.list.push(short);
  }
}

const HARD =
  /^(?:Can(?:'|no)t allocate|Cannot open|Can't open as archive|Unexpected end|Unsupported Method|System ERROR|Break signaled|Errors = )/;

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
