/** From single files that look encrypted to an attack on what holds them. */
export { FolderCounter } from './folder-counter.ts';
export { MassCounter, type CountedFinding, type Mass } from './mass-counter.ts';
