/** Bytes under examination, wherever they are, names and records out of bytes, and the one scratch folder. */
export * from './ascii-json.ts';
export * from './byte-source.ts';
export * from './ed25519.ts';
export * from './extent-map.ts';
export * from './folder.ts';
export * from './free-bytes.ts';
export * from './image-cost.ts';
export * from './joined-source.ts';
export * from './last-bytes.ts';
export * from './managed-folder.ts';
export * from './mapped-source.ts';
export * from './move-without-overwriting.ts';
export * from './name.ts';
export * from './packed-units.ts';
export * from './read-at-most.ts';
export * from './scratch.ts';
export * from './write-file.ts';
