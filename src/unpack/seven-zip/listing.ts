import type { Listing } from './protocol.ts';

/** Names kept of encrypted members, and of members whose names unpacking would clean. */
const ENCRYPTED_NAMES = 100;
const RAW_NAMES = 10_000;
const NAME_LENGTH = 4096;
/** A line longer than this is cut: names have at most 64 Ki characters. */
const LINE_BYTES = 256 * 1024;

/** Reads `7z l -slt` line by line, in memory that does not grow with the number of entries. */
export class ListingReader {
  readonly listing: Listing = {
    entries: 0,
    encrypted: { count: 0, bytes: 0, names: [], first: -1, method: '' },
    rawNames: new Map(),
    hidden: { count: 0, bytes: 0 },
    tail: 0,
    innerTail: 0,
  };
  readonly #entry = new Map<string, string>();
  #inEntries = false;
  readonly #folders = new UnmarkedFolders();
  /** Formats opened so far, from the outermost in. */
  #level = 0;

  line(line: string): void {
    if (line.startsWith('----------')) {
      this.#inEntries = true;
      this.#entry.clear();
      return;
    }
    if (!this.#inEntries) {
      this.#headline(line);
      return;
    }
    const at = line.indexOf(' = ');
    const key = at < 0 ? line.replace(/ =$/, '') : line.slice(0, at);
    // A name that holds a newline goes on in the next line: only known keys begin a new field.
    if (key === 'Path') this.#finish();
    if (KEYS.has(key)) this.#entry.set(key, at < 0 ? '' : line.slice(at + 3));
  }

  /** What is said of the archive itself, before its entries. */
  #headline(line: string): void {
    if (line === '--') this.#level++;
    const tail = /^Tail Size = ([0-9]{1,15})$/.exec(line)?.[1];
    if (tail === undefined) return;
    if (this.#level <= 1) this.listing.tail = Number(tail);
    else this.listing.innerTail = Number(tail);
  }

  end(): Listing {
    this.#finish();
    this.listing.entries -= this.#folders.count;
    return this.listing;
  }

  #finish(): void {
    const path = this.#entry.get('Path');
    if (path !== undefined && this.#isFolder()) this.#folder();
    // An anti-item of an update: it deletes and holds nothing.
    else if (path !== undefined && this.#entry.get('Anti') !== '+') this.#member(path);
    this.#entry.clear();
  }

  #isFolder(): boolean {
    const attributes = this.#entry.get('Attributes') ?? '';
    const mode = this.#entry.get('Mode') ?? '';
    return this.#entry.get('Folder') === '+' || attributes.startsWith('D') || mode.startsWith('d');
  }

  /** A folder has no size; what claims to be one and has is never unpacked. */
  #folder(): void {
    const size = Number(this.#entry.get('Size') ?? 0);
    if (!(size > 0)) return;
    this.listing.hidden.count++;
    this.listing.hidden.bytes += size;
  }

  #member(path: string): void {
    const { rawNames, encrypted } = this.listing;
    const number = this.listing.entries++;
    this.#folders.seen(path, Number(this.#entry.get('Size') ?? 0));
    if (needsRawName(path) && rawNames.size < RAW_NAMES) rawNames.set(number, path.slice(0, NAME_LENGTH));
    if (this.#entry.get('Encrypted') !== '+') return;
    const size = Number(this.#entry.get('Size') ?? 0);
    encrypted.count++;
    encrypted.bytes += size;
    if (encrypted.first < 0 && size > 0) {
      encrypted.first = number;
      encrypted.method = (this.#entry.get('Method') ?? '').slice(0, NAME_LENGTH);
    }
    if (encrypted.names.length < ENCRYPTED_NAMES) encrypted.names.push(path.slice(0, NAME_LENGTH));
  }
}

/**
 * Some formats (OLE, CHM) list a folder like an empty file: it is one when something else lies in it. Beyond the
 * bound nothing is taken for a folder, and the count of members then does not add up: a gap, never silence.
 */
class UnmarkedFolders {
  count = 0;
  readonly #empty = new Set<string>();
  readonly #parents = new Set<string>();

  seen(path: string, size: number): void {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const parent = path.slice(0, at);
      if (this.#empty.delete(parent)) this.count++;
      if (this.#parents.has(parent)) break;
      if (this.#parents.size < RAW_NAMES) this.#parents.add(parent);
    }
    if (size > 0) return;
    if (this.#parents.has(path)) this.count++;
    else if (this.#empty.size < RAW_NAMES) this.#empty.add(path);
  }
}

const KEYS = new Set(['Path', 'Folder', 'Size', 'Attributes', 'Mode', 'Encrypted', 'Method', 'Anti']);

/** 7-Zip makes `..` and leading slashes harmless when it unpacks; the report must show what was stored. */
function needsRawName(path: string): boolean {
  return path.startsWith('/') || /(?:^|\/)\.{1,2}(?:\/|$)/.test(path) || path.includes('//');
}

/** Cuts a byte stream into lines; what is longer than the ceiling is cut off. */
export class Lines {
  readonly #line: (line: string) => void;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(line: (line: string) => void) {
    this.#line = line;
  }

  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const newline = bytes.indexOf(10, from);
      const end = newline < 0 ? bytes.length : newline;
      const room = Math.min(end - from, LINE_BYTES - this.#length);
      if (room > 0) {
        this.#parts.push(bytes.slice(from, from + room));
        this.#length += room;
      }
      if (newline < 0) return;
      this.end();
      from = newline + 1;
    }
  }

  end(): void {
    const line = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#length = 0;
    this.#line(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
}
