/** Names that promise something else than the content is. */
export { typeMismatchAnalyzer } from './analyzer.ts';
