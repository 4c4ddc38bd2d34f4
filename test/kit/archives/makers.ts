import { APPENDED } from './makers/appended.ts';
import { ARCHIVES } from './makers/archives.ts';
import { DATABASES } from './makers/databases.ts';
import { DISKS } from './makers/disks.ts';
import { DOCUMENTS } from './makers/documents.ts';
import { FILE_SYSTEMS } from './makers/file-systems.ts';
import type { Makers } from './makers/maker.ts';
import { STREAMS } from './makers/streams.ts';

export { makeContainer, makeLocked, type Maker } from './makers/maker.ts';

/** One line for each format of the registry; a test holds both lists to each other. */
export const MAKERS: Makers = {
  ...STREAMS,
  ...ARCHIVES,
  ...DOCUMENTS,
  ...DISKS,
  ...FILE_SYSTEMS,
  ...DATABASES,
  ...APPENDED,
};
