/** Findings + Gaps + Policy -> Assessment. Pure: no I/O, no clock, no package. */
export { assess, type Scanned } from './assess.ts';
export { weigh } from './weigh.ts';
