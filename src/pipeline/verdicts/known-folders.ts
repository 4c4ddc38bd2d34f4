import type { BigIntStats } from 'node:fs';
import type { FileSystem, FileSystems } from '../../cache/index.ts';
import type { FileIdentity, Inode, KnownFiles, KnownFolder, PassedFiles } from '../../intake/index.ts';
import type { TreeOutcome } from '../protocol.ts';
import { packPage, packRecord, PageReader, type PageRecord } from './folder-page.ts';
import type { Judges } from './judges.ts';
import type { VerdictBook } from './verdict-book.ts';

export interface KnownFoldersOptions {
  readonly book: VerdictBook;
  readonly fileSystems: FileSystems;
  /** So many files are met one by one, whatever is known of them; beyond, those of which there is nothing to be said pass by. */
  readonly one_by_one: number;
  /** Whether metadata of before are believed, as things stand. */
  readonly believed: () => boolean;
  /** Drawn for each file that is known: it is to be examined all the same. */
  readonly sampled: () => boolean;
  readonly passed: (files: number) => void;
}

/** What a page says of a file that is met. */
export interface Noted {
  readonly known: { readonly sha256: Buffer; readonly made: number } | null;
  readonly sampled: boolean;
  /** It is concluded: it is as the page says (`same`), or as this record says, or nothing is to be kept of it. The first word counts. */
  readonly conclude: (what: Conclusion) => void;
}

export type Conclusion = 'same' | Omit<PageRecord, 'name'> | null;

/** Of one page; at 2 KB a file at most, far below the largest entry. */
const FILES_A_PAGE = 2048;
const HOUR_MS = 3_600_000;

/** What is known of whole folders, and learnt of them for the next time. */
export class KnownFolders implements KnownFiles {
  readonly options: KnownFoldersOptions;
  readonly #noted = new WeakMap<FileIdentity, Noted>();
  #met = 0;

  constructor(options: KnownFoldersOptions) {
    this.options = options;
  }

  async folder(path: Buffer, { dev, ino }: Inode): Promise<KnownFolder | null> {
    const { book, fileSystems } = this.options;
    const fileSystem = await fileSystems.of(path, dev);
    return fileSystem === null ? null : new Pages(this, fileSystem, { dev, ino }, book.judges);
  }

  /** What is known of a file that was met. */
  of(met: FileIdentity | undefined): Noted | null {
    return met === undefined ? null : (this.#noted.get(met) ?? null);
  }

  note(met: FileIdentity, noted: Noted): void {
    this.#met++;
    this.#noted.set(met, noted);
  }

  /** Whether files may pass by, as things stand. */
  get mayPass(): boolean {
    return this.#met >= this.options.one_by_one && this.options.believed();
  }
}

/** There is nothing to be said of it under any policy: that it was examined is all. */
export function isPlain({ findings, gaps, omitted, coverage, root }: TreeOutcome): boolean {
  return (
    findings.length === 0 &&
    gaps.length === 0 &&
    omitted.findings + omitted.gaps === 0 &&
    coverage.raw_only.artifacts === 0 &&
    root.sha256 !== null
  );
}

/** A page as it was, or one record of this run; null: nothing of that file. */
type Piece = Range | Buffer | null;

interface Range {
  readonly from: PageReader;
  readonly start: number;
  readonly end: number;
}

/** A page that is being made of what passes by and what is met. */
class NewPage {
  readonly pieces: Piece[] = [];
  files = 0;
  /** Files that are met, and not concluded. */
  open = 0;
  /** No more files come; whether other pages follow. */
  closed: { readonly more: boolean } | null = null;

  /** The next file is as the old page has it. */
  keep(from: PageReader): void {
    const { start, end } = from.place;
    const last = this.pieces.at(-1) ?? null;
    const goesOn = last !== null && !Buffer.isBuffer(last) && last.from === from && last.end === start;
    if (goesOn) this.pieces[this.pieces.length - 1] = { ...last, end };
    else this.pieces.push({ from, start, end });
    this.files++;
  }
}

class Pages implements KnownFolder {
  readonly #all: KnownFolders;
  readonly #fileSystem: FileSystem;
  readonly #inode: Inode;
  readonly #judges: Judges;
  readonly #judge: Buffer | null;
  #old: PageReader | null;
  readonly #wasThere: boolean;
  #new = new NewPage();
  #newNumber = 0;
  #run = { files: 0, bytes: 0, artifacts: 0 };
  /** Of the file that was asked for last. */
  #last: { known: Noted['known']; sampled: boolean; place: { start: number; end: number } | null } = NOTHING;

  constructor(all: KnownFolders, fileSystem: FileSystem, inode: Inode, judges: Judges) {
    this.#all = all;
    this.#fileSystem = fileSystem;
    this.#inode = inode;
    this.#judges = judges;
    this.#judge = all.options.book.pageJudge(judges);
    this.#old = this.#read(0);
    this.#wasThere = this.#old !== null;
  }

  passes(name: Buffer, stats: BigIntStats): boolean {
    this.#last = NOTHING;
    const old = this.#find(name);
    if (old === null || stats.dev !== this.#inode.dev || !old.isSame(stats)) return false;
    const { made, artifacts } = old;
    if (made < this.#judges.not_before || made > Date.now() + HOUR_MS) return false;
    const { believed, sampled } = this.#all.options;
    if (!believed()) return false;
    const isSampled = sampled();
    if (isSampled || !this.#all.mayPass) {
      this.#last = { known: { sha256: old.sha256, made }, sampled: isSampled, place: { ...old.place } };
      return false;
    }
    this.#page().keep(old);
    this.#run.files++;
    this.#run.bytes += Number(stats.size);
    this.#run.artifacts += artifacts;
    return true;
  }

  meets(name: Buffer, met: FileIdentity): void {
    const page = this.#page();
    const { known, sampled, place } = this.#last;
    const from = this.#old;
    const at = page.pieces.push(null) - 1;
    const number = this.#newNumber;
    page.files++;
    page.open++;
    let isOpen = true;
    this.#all.note(met, {
      known,
      sampled,
      conclude: (what) => {
        if (!isOpen) return;
        isOpen = false;
        if (what === 'same') page.pieces[at] = from === null || place === null ? null : { from, ...place };
        else page.pieces[at] = what === null ? null : packRecord({ ...what, name });
        page.open--;
        this.#write(page, number);
      },
    });
  }

  passed(): PassedFiles | null {
    const run = this.#run;
    if (run.files === 0) return null;
    this.#run = { files: 0, bytes: 0, artifacts: 0 };
    this.#all.options.passed(run.files);
    return run;
  }

  end(): void {
    this.#close(false);
  }

  /** The one that the next file belongs to. */
  #page(): NewPage {
    if (this.#new.files < FILES_A_PAGE) return this.#new;
    this.#close(true);
    this.#new = new NewPage();
    this.#newNumber++;
    return this.#new;
  }

  #close(more: boolean): void {
    const page = this.#new;
    page.closed = { more };
    this.#write(page, this.#newNumber);
  }

  /** Once all its files are concluded, and if it is another one than it was. */
  #write(page: NewPage, number: number): void {
    if (page.closed === null || page.open > 0 || this.#judge === null) return;
    const { more } = page.closed;
    const pieces = joined(page.pieces);
    const isNothing = pieces.length === 0 && (number > 0 || !this.#wasThere);
    if (isNothing || isAsBefore(pieces, number, more) || !this.#all.options.believed()) return;
    const records = pieces.map((piece) =>
      Buffer.isBuffer(piece) ? piece : piece.from.bytes.subarray(piece.start, piece.end),
    );
    const place = { file_system: this.#fileSystem.id, ino: this.#inode.ino, number };
    this.#all.options.book.keepPage(place, packPage(this.#judge, more, records), this.#judges);
  }

  #find(name: Buffer): PageReader | null {
    for (;;) {
      const old = this.#old;
      if (old === null) return null;
      if (old.find(name)) return old;
      if (!old.done || !old.more) return null;
      this.#old = this.#read(old.number + 1);
    }
  }

  #read(number: number): PageReader | null {
    const { book, believed } = this.#all.options;
    if (this.#judge === null || !believed()) return null;
    const bytes = book.page({ file_system: this.#fileSystem.id, ino: this.#inode.ino, number });
    if (bytes === null) return null;
    const page = new PageReader(bytes, number);
    return page.judge.equals(this.#judge) ? page : null;
  }
}

const NOTHING = { known: null, sampled: false, place: null };

/** What is kept of each file, in order; what stood side by side in one page in one piece. */
function joined(pieces: readonly Piece[]): (Range | Buffer)[] {
  const all: (Range | Buffer)[] = [];
  for (const piece of pieces) {
    if (piece === null) continue;
    const last = all.at(-1);
    const goesOn =
      !Buffer.isBuffer(piece) &&
      last !== undefined &&
      !Buffer.isBuffer(last) &&
      last.from === piece.from &&
      last.end === piece.start;
    if (goesOn) all[all.length - 1] = { ...last, end: piece.end };
    else all.push(piece);
  }
  return all;
}

/** It is the old page of that number, with all its records. */
function isAsBefore([first, ...others]: readonly (Range | Buffer)[], number: number, more: boolean): boolean {
  if (first === undefined || Buffer.isBuffer(first) || others.length > 0) return false;
  const { from, start, end } = first;
  return from.number === number && from.more === more && start === from.all.start && end === from.all.end;
}
