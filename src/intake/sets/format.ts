import type { FolderKind } from '../../domain/index.ts';
import type { Entry, FolderListing } from '../folder-listing.ts';
import type { Look } from './look.ts';

/** Folders whose files are worth nothing without each other. */
export type SetKind = Exclude<FolderKind, 'dropped' | 'begun'>;

/** How one kind of set is known: by names, which say that it may be one, and by what a few files hold, which nobody else writes. */
export interface SetFormat {
  readonly kind: SetKind;
  /** Names at the top of one; a folder with others in it is something else that begins alike. Hidden ones are anybody's. */
  readonly own: RegExp;
  /** Its marks stand there, by name. Asked of every folder at every look: nothing is read. */
  isNamed(listing: FolderListing): boolean;
  /** What a few files hold fits; what was written just now proves nothing against it. */
  isWhole(folder: Buffer, listing: FolderListing): Promise<boolean>;
  /**
   * Some of it may have come, by names and by how files begin: whoever copies one writes its files in any order, and the marks may
   * come last. Asked only of folders that hold nothing but `own` names, of which `entries` are the first.
   */
  begins(there: Look, entries: readonly Entry[], name: string): Promise<boolean>;
  /** What stands in it, at rest: whether each of a few files shows that it belongs to such a set. None: nothing shows it. */
  shows(folder: Buffer): Promise<boolean[]>;
}
