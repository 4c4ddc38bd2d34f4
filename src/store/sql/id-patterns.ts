/** More candidates than this help nobody to choose. */
export const MAX_FOUND = 10;
/** Shorter ones are too easily meant otherwise. */
const MIN_ABBREVIATION = 4;

/** For LIKE: ids that begin with the abbreviation, or whose part after the dash does. One that matches nothing: `''`. */
export function idPatterns(abbreviation: string): readonly string[] {
  // Ids hold nothing else, and so nothing that LIKE would take for a pattern.
  if (abbreviation.length < MIN_ABBREVIATION || !/^[0-9A-Za-z-]+$/.test(abbreviation)) return [''];
  return [`${abbreviation}%`, `%-${abbreviation}%`];
}
