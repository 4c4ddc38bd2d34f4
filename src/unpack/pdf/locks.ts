import { securityOf, type Security } from './security.ts';
import type { Survey } from './survey.ts';

/** An honest document has one of each. */
const MAX_TRIED = 4;

/** How the document is encrypted; null: it is not. The first lock that a password opens, else the first. */
export function openedLock(survey: Survey, passwords: Iterable<string>): Security | null {
  let closed: Security | null = null;
  const ids = survey.ids.length === 0 ? [Buffer.alloc(0)] : distinct(survey.ids).slice(0, MAX_TRIED);
  for (const lock of survey.locks.found.slice(0, MAX_TRIED)) {
    for (const id of ids) {
      const security = securityOf(lock, id, passwords);
      if (security.key !== null) return security;
      closed ??= security;
    }
  }
  return closed;
}

function distinct(ids: readonly Buffer[]): Buffer[] {
  return [...new Map(ids.map((id) => [id.toString('latin1'), id])).values()];
}
