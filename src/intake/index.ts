/** From what was given (paths, a list of paths, standard input) to files that can be opened. */
export { hasChanged, NotRegular, openRoot, type RootFile } from './open-root.ts';
export { pathList } from './path-list.ts';
export type { Met, PartSet } from './met.ts';
export { laterPart } from './part-sets.ts';
export { walk, type WalkOptions } from './walk.ts';
