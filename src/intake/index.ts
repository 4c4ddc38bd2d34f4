/** From what was given (paths, a list of paths, standard input) to files that can be opened. */
export { hasChanged, NotRegular, openRoot, type RootFile } from './open-root.ts';
export { pathList } from './path-list.ts';
export { walk, type Met, type WalkOptions } from './walk.ts';
