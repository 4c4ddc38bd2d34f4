/** From what was given (paths, a list of paths, standard input, a watched folder) to files that can be opened. */
export { identityOf, isSameFile, type FileIdentity } from './file-identity.ts';
export { hasChanged, NotRegular, openRoot, type RootFile } from './open-root.ts';
export type { Inode, KnownFiles, KnownFolder, PassedFiles } from './known-files.ts';
export { Manifest, type ManifestEntry } from './manifest.ts';
export { pathList } from './path-list.ts';
export type { FileMet, Met, PartSet } from './met.ts';
export { laterPart } from './part-sets.ts';
export { filesOf, unitAt, unitOf, unitsOf, volumesWith, type Unit, type UnitOptions } from './unit.ts';
export type { EarlierSet } from './known-sets.ts';
export { SET_KINDS } from './recognised-set.ts';
export type { SetKind } from './sets/index.ts';
export { walk, type WalkOptions } from './walk.ts';
export {
  WatchedFolder,
  type Arrival,
  type Beginning,
  type BegunSet,
  type Lingering,
  type SweepDone,
  type WatchEvent,
  type WatchOptions,
} from './watched-folder.ts';
