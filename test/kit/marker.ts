/** What yara-rules/test-marker.yar finds; joined here so that no scanner takes this file for a find. */
export const MARKER = ['BACKUPLENS-TEST-MARKER', '7F3A', '9C1E', 'B84D', '2605'].join('-');
