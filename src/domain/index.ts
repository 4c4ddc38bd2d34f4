/** The nouns of BackupLens: pure types and tiny pure functions. This room imports nothing. */
export * from './artifact.ts';
export * from './baseline.ts';
export * from './content-type.ts';
export * from './coverage.ts';
export * from './decision.ts';
export * from './disposition.ts';
export * from './encrypted-by-design.ts';
export * from './engine.ts';
export * from './errors.ts';
export * from './finding.ts';
export * from './gap.ts';
export * from './glob.ts';
export * from './id.ts';
export * from './measurement.ts';
export * from './policy.ts';
export * from './ransomware-names.ts';
