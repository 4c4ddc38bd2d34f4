/** What crosses a wire: schemas shared by whoever writes and whoever reads. plain/ is the door to what needs none. */
export * from './clamav-updater.ts';
export * from './doctor.ts';
export * from './plain/index.ts';
export * from './report.ts';
export * from './yara-scanner.ts';
export * from './rules-check.ts';
export * from './tokens.ts';
export * from './api/common.ts';
export * from './api/events.ts';
export * from './api/openapi.ts';
export * from './api/operation.ts';
export * from './api/operations.ts';
export * from './api/quarantine.ts';
export * from './api/reviews.ts';
export * from './api/scans.ts';
export * from './api/service.ts';
export * from './running-service.ts';
