/**
 * What documents are locked with that open without a question: Excel's own, for workbooks whose structure alone is
 * protected ([MS-OFFCRYPTO] 2.3, [MS-XLS] 2.2.10), and none.
 */
export const WELL_KNOWN: readonly string[] = ['VelvetSweatshop', ''];
/** Characters of a password that Office takes into account ([MS-OFFCRYPTO] 2.3.4.11: at most 255). */
export const MAX_PASSWORD = 255;
