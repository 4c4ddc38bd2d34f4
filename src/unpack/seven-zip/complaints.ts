/** Kept of what 7-Zip complains about: it would name every one of a million members. */
const KEPT = 20;
const LENGTH = 200;

/** Picks errors and warnings out of what 7-Zip prints. */
export class Complaints {
  readonly list: string[] = [];
  #block = false;

  get any(): boolean {
    return this.list.length > 0;
  }

  line(line: string): void {
    const text = line.trim();
    if (/^(?:ERRORS?|WARNINGS?):$/.test(text)) this.#block = true;
    else if (text === '' || text === '--') this.#block = false;
    else if (/^(?:ERROR|WARNING)[S:]/.test(text)) this.add(text.replace(/^(?:ERROR|WARNING)[S]?: */, ''));
    else if (this.#block || HARD.test(text)) this.add(text);
  }

  add(text: string): void {
    const short = text.replaceAll('/a', 'archive').slice(0, LENGTH);
    if (this.list.length < KEPT && !this.list.includes(short)) this.list.push(short);
  }
}

const HARD =
  /^(?:Can(?:'|no)t allocate|Cannot open|Can't open as archive|Unexpected end|Unsupported Method|System ERROR|Break signaled|Errors = )/;
