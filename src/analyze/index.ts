/** What looks at an artifact's bytes. Each analyzer is a folder here and a line in registry.ts. */
export type { Analyzer, Claim, Examination, Judgement, Miss, Opening, Outcome, Subject } from './analyzer.ts';
export type { Away } from './engine-away.ts';
export type { HashSetsEndpoint } from './hash-sets/index.ts';
export { openAnalyzers, type AnalyzerOptions, type EngineEndpoints } from './registry.ts';
