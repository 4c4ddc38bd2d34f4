/** Bytes under examination, wherever they are, and the one scratch folder. */
export * from './byte-source.ts';
export * from './extent-map.ts';
export * from './joined-source.ts';
export * from './last-bytes.ts';
export * from './mapped-source.ts';
export * from './name.ts';
export * from './packed-units.ts';
export * from './read-at-most.ts';
export * from './scratch.ts';
