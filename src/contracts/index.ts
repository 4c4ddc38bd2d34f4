/** What crosses a wire: schemas shared by whoever writes and whoever reads. */
export * from './clamav-updater.ts';
export * from './doctor.ts';
export * from './grounds.ts';
export * from './report.ts';
export * from './yara-scanner.ts';
export * from './rules-check.ts';
