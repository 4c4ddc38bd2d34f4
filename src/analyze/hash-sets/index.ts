/** Known bad and known good content, by its SHA-256: lists that people keep, and the one table that is looked up. */
export { hashSetsAnalyzer, type HashSetsEndpoint } from './analyzer.ts';
export { buildTable, type BuiltTable, type ReadList, type SetFolder } from './build-table.ts';
export { fields } from './read-line.ts';
