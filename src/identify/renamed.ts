import type { ContentType } from '../domain/index.ts';
import { claimOf, contradictionOf } from './claims.ts';
import type { Known } from './known.ts';
import type { View } from './view.ts';

/** `report.docx.id-1234.[mail@example.org].locked`: endings that are taken off at most. */
const MOST_ENDINGS = 5;

/**
 * The MIME type that a name promised before endings that promise nothing were appended to it, where the content is
 * nothing of that kind.
 */
export function renamedFrom(name: string, found: Pick<ContentType, 'by'> & Known, view: View): string | null {
  if (claimOf(name) !== null) return null;
  let rest = name;
  for (let taken = 0; taken < MOST_ENDINGS; taken++) {
    const dot = rest.lastIndexOf('.');
    if (dot <= 0) return null;
    // `syslog.log.1`, `libfoo.so.6.1`: numbers count, they do not rename.
    if (taken === 0 && /^\d+$/.test(rest.slice(dot + 1))) return null;
    rest = rest.slice(0, dot);
    const claim = claimOf(rest);
    if (claim === null) continue;
    return contradictionOf({ ...claim, strict: true }, found, view) === null ? null : claim.mime;
  }
  return null;
}
