/** Shannon entropy over the whole content, in one pass. */
export { entropyAnalyzer, MIN_BYTES, type EntropyOptions } from './analyzer.ts';
export { shannon } from './shannon.ts';
