/** Signed heads of the journal, to be kept where this machine cannot change them. */
export { appendCheckpoint } from './append.ts';
export { readCheckpoint, signCheckpoint, type Checkpoint } from './checkpoint.ts';
export { checkpointKeys, ownCheckpointKey } from './own-key.ts';
