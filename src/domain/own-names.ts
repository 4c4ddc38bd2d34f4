/** Folders in which a file on its way to or from quarantine stands for a moment: `<prefix><id>`, beside the file. */
export const CLAIM_PREFIX = '.backuplens-claim-';
export const RESTORE_PREFIX = '.backuplens-restore-';
