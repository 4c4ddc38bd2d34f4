import type { Entry, EntryKind, FolderListing } from '../folder-listing.ts';

export function isCalled({ name, kind }: Entry, wanted: EntryKind, pattern: RegExp): boolean {
  return kind === wanted && pattern.test(name.toString('latin1'));
}

/** Hidden ones are what copying tools are just writing. */
export function isOwn({ own }: { readonly own: RegExp }, { name }: Entry): boolean {
  return name[0] === 0x2e || own.test(name.toString('latin1'));
}

export function has(listing: FolderListing, kind: EntryKind, ...names: readonly string[]): boolean {
  return names.every((name) => listing.kindOf(name) === kind);
}
