import type { Makers } from './maker.ts';

/** Dumps and files of databases. */
export const DATABASES: Makers = {};
