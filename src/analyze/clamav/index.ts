/** ClamAV as an analyzer: our own client for clamd, and the proof that there is one that finds something. */
export { type ClamdAddress, describeAddress, parseClamdAddress } from './address.ts';
export { askClamd, clamdDatabase } from './ask.ts';
export { eicarTestString } from './canary.ts';
export { type ClamavOptions, type ClamdEndpoint, clamavAnalyzer } from './clamav-analyzer.ts';
export { findClamdConf, type ClamdConf } from './clamd-conf.ts';
export { cacheDoubt } from './clean-cache.ts';
export { daemonIdentity, type DaemonIdentity, type WhenSeen } from './daemon-identity.ts';
export { readDatabaseFolder, type DatabaseFile } from './database-folder.ts';
export { findClamd } from './find-clamd.ts';
export { type ProbeOptions, type ProbedClamd, probeClamd } from './probe.ts';
export { provenBytes } from './proven-bytes.ts';
export type { ClamdTimeouts } from './timeouts.ts';
