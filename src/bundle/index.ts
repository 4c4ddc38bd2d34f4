/** Signed bundles of what decides (databases, rules, lists, policy), and the releases that they are installed as. */
export { doubtsOf } from './admit.ts';
export { tryDatabases, type DatabaseTrial } from './clamscan.ts';
export { placeDatabases, type PlacedDatabases } from './database-folder.ts';
export { journalEntriesOf } from './journal-entries.ts';
export { PARTS, partOf, type Manifest, type Part } from './manifest.ts';
export { readBundle, type BundleHead, type ReadBundle } from './read-bundle.ts';
export { changesWhatIsInForce, Releases, type HistoryEntry, type Release } from './releases.ts';
export {
  createKey,
  hasSecret,
  newestSecret,
  signingKey,
  type CreatedKey,
  type NewKey,
} from './signing-keys.ts';
export {
  addKey,
  readKeyFile,
  revokeKey,
  trustedKeys,
  type TrustedKey,
  type TrustedKeys,
} from './trusted-keys.ts';
export { writeBundle, type BundleSource } from './write-bundle.ts';
