import { borg } from './borg.ts';
import { duplicity } from './duplicity.ts';
import type { SetFormat } from './format.ts';
import { git } from './git.ts';
import { kopia } from './kopia.ts';
import { postgres } from './postgres.ts';
import { proxmox } from './proxmox.ts';
import { restic } from './restic.ts';

/** Another kind of set is a file of its own, a line here, and a name among UNIT_KINDS. */
export const SET_FORMATS: readonly SetFormat[] = [restic, borg, git, postgres, kopia, duplicity, proxmox];

export type { SetFormat, SetKind } from './format.ts';
export { isOwn } from './names.ts';
export { FIRST, Look } from './look.ts';
