import type { FileIdentity } from './file-identity.ts';
import type { EntryKind } from './folder-listing.ts';
import type { PassedFiles } from './known-files.ts';
import type { FolderKind } from '../domain/index.ts';

/** A regular file to be scanned. */
export interface FileMet {
  readonly type: 'file';
  /** What to open, as bytes. */
  readonly path: Buffer;
  readonly display: string;
  /** In bytes. */
  readonly size: number;
  /** Which file it was when it was met; only where a folder is watched. */
  readonly identity?: FileIdentity;
  /** As they were when a walk met it. */
  readonly stats?: FileIdentity;
  /** Set when it is a part of an archive that cannot be looked into without the others: why. */
  readonly part?: string;
  /** What its owner calls it, where that is not the name of its path (an upload): what it claims to be. */
  readonly called?: string;
}

/** The parts of one archive, in order: at least two files of one folder. */
export interface PartSet {
  readonly type: 'set';
  readonly parts: readonly FileMet[];
  /** Nothing else is called like that. Otherwise the content of the first decides whether they belong together. */
  readonly certain: boolean;
}

/** What a walk meets, in a stable order: folders depth-first, entries by the bytes of their names. */
export type Met =
  | FileMet
  | PartSet
  /** Files of one folder, in a row, of which everything is known. `path`: the folder's, with a slash at its end. */
  | ({ readonly type: 'passed'; readonly path: Buffer; readonly display: string } & PassedFiles)
  /** Standard input. */
  | { readonly type: 'stream'; readonly display: string }
  /** Not scanned, by rule. */
  | {
      readonly type: 'skipped';
      readonly path: Buffer;
      readonly display: string;
      readonly reason: Exclude<EntryKind, 'file' | 'folder'> | 'excluded' | 'other_file_system';
      /** A link whose target lies outside everything that was given. */
      readonly outward: boolean;
    }
  /** A folder or file on the way that could not be looked at. */
  | { readonly type: 'unreadable'; readonly path: Buffer; readonly display: string; readonly message: string }
  /** A folder that is one unit, and not walked. */
  | { readonly type: 'unit'; readonly path: Buffer; readonly display: string; readonly kind: FolderKind }
  /** A given folder, before and after everything in it. */
  | { readonly type: 'folder'; readonly at: 'start' | 'end'; readonly path: Buffer; readonly display: string }
  /** A given path that does not exist, or is nothing that can be scanned. */
  | { readonly type: 'missing'; readonly display: string; readonly message: string };
