/** What whoever writes and whoever reads have to agree on beside the schemas: who needs nothing else does not load those. */
export * from './grounds.ts';
export * from './report-words.ts';
export * from './roles.ts';
