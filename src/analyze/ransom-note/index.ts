/** Notes that attackers leave beside what they encrypted or stole: by name and by wording. */
export { ransomNoteAnalyzer, type RansomNoteOptions } from './analyzer.ts';
