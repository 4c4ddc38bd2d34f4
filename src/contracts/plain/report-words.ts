export const REPORT_SCHEMA = 'backuplens.report/1';

/** Bounds of one result; what is beyond is counted in `omitted`, never silently dropped. */
export const MAX_FINDINGS = 1000;
export const MAX_TRAILS_PER_REASON = 100;

/** Content type of the result that a given folder has when something is true of it and of none of its files. */
export const FOLDER_MIME = 'inode/directory';
