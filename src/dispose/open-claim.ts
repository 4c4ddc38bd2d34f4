import { isId } from '../domain/index.ts';
import { CLAIM_PREFIX } from './claim.ts';
import type { Ledger } from './ledger.ts';

/** Whether a folder is one in which we are moving a file right now: a name that looks like it hides nothing. */
export function openClaims(ledger: Pick<Ledger, 'unfinished'>): (path: Buffer) => boolean | Promise<boolean> {
  return (path) => {
    const name = path.toString('latin1', path.lastIndexOf('/') + 1);
    const id = name.startsWith(CLAIM_PREFIX) ? name.slice(CLAIM_PREFIX.length) : '';
    if (!isId(id)) return false;
    return ledger.unfinished().then((all) => all.some(({ intent }) => intent.id === id));
  };
}
