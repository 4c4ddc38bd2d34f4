import type { ClamdConf } from '../../analyze/clamav/index.ts';
import type { HealthCheck } from '../../contracts/index.ts';
import type { ClamavState } from '../../domain/index.ts';
import { counted, number } from '../../report/index.ts';
import { fail, ok, warn } from './check.ts';

const DAY_MS = 86_400_000;
/** The official ones come about every day; a week without is a fault somewhere. */
const USUAL_DAYS = 7;
const UPDATE =
  'run freshclam or ask the clamav-updater (docs/clamav.md); without a network, copy databases into its folder';

/** How many signatures there are, and how old. */
export async function checkDatabase(
  { signatures, database_time }: ClamavState,
  conf: ClamdConf | null,
  maxDays: number | null,
): Promise<HealthCheck[]> {
  const id = 'clamd-database';
  const folder = conf?.value('DatabaseDirectory') ?? null;
  const many = signatures === null ? '' : ` (${number(signatures)})`;
  if (database_time === null) {
    const facts = { signatures, folder, age_days: null };
    const what = `nobody knows how old its signatures${many} are: databases of one's own have no date`;
    return [warn(id, what, `where the official ones are meant to be: ${UPDATE}`, facts)];
  }
  const days = Math.floor((Date.now() - Date.parse(database_time)) / DAY_MS);
  const facts = { signatures, folder, age_days: days, database_time, max_age_days: maxDays };
  const what = `its signatures${many} are ${counted(days, 'day')} old (${database_time.slice(0, 10)})`;
  if (maxDays !== null && days > maxDays) {
    return [
      fail(
        id,
        `${what}; CLAMD_MAX_AGE_DAYS accepts ${maxDays}: what it does not find is provisional`,
        UPDATE,
        facts,
      ),
    ];
  }
  if (days > USUAL_DAYS) return [warn(id, what, UPDATE, facts)];
  if (days < -1)
    return [warn(id, `${what}: they come from the future`, 'set the clock of this machine', facts)];
  return [ok(id, what, facts)];
}
