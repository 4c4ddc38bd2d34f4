import type { UpdateResult } from '../../contracts/index.ts';

/** How a program ended, and the last of what it said. */
export interface Ended {
  /** null: it was ended, or never began. */
  readonly code: number | null;
  readonly output: string;
}

export interface UpdateOutcome {
  readonly result: UpdateResult;
  /** One sentence, and the next step. */
  readonly message: string;
  /** In ms since 1970: not before then; null where nobody says. */
  readonly retryAt: number | null;
}

/** What freshclam itself waits after a 429 that names no time, and after a 403 (measured, 1.4.6). */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_ERROR_CHARS = 300;

/** The codes of timeout(1) of GNU and of BusyBox when it has ended what it ran. */
const ENDED_BY_TIMEOUT = [124, 137, 143];

/**
 * What a run of freshclam means. The text stands above the exit code: refused by the mirror with 429, freshclam 1.4.6
 * warns and ends with 0, as after a success.
 */
export function outcomeOf({ code, output }: Ended, now: number): UpdateOutcome {
  const until = coolDownUntil(output);
  if (/previously received error code (429|403)/.test(output)) {
    return refused(
      'cool_down',
      'freshclam still waits after a refusal by the mirror',
      until ?? now + HOUR_MS,
    );
  }
  if (/received error code 429/.test(output)) {
    return refused('rate_limited', 'the mirror answers 429: too many downloads', until ?? now + HOUR_MS);
  }
  if (/received error code 403|Forbidden; Blocked/.test(output)) {
    const why = 'the mirror answers 403: this ClamAV is too old for it, or this network is blocked';
    return refused('rate_limited', why, until ?? now + DAY_MS);
  }
  if (until !== null) return refused('cool_down', 'freshclam is on cool-down', until);
  if (/Failed to lock the log file|locked by another process/.test(output)) {
    return { result: 'busy', message: 'another freshclam is running', retryAt: null };
  }
  const outdated = output.includes('OUTDATED');
  if (code !== 0) {
    if (outdated) {
      const message = 'this ClamAV is outdated, and its database was not updated: install a newer ClamAV';
      return { result: 'outdated', message, retryAt: null };
    }
    if (code !== null && ENDED_BY_TIMEOUT.includes(code)) return timedOut();
    const message = `freshclam failed (exit code ${code ?? 'none'}): ${lastError(output)}`;
    return { result: 'failed', message, retryAt: null };
  }
  const updated = /^.*\bupdated \(version/m.test(output);
  const message = updated ? 'the database was updated' : 'the database is up to date';
  const advice = '; this ClamAV is outdated: install a newer one';
  return {
    result: updated ? 'updated' : 'up_to_date',
    message: outdated ? message + advice : message,
    retryAt: null,
  };
}

export function timedOut(): UpdateOutcome {
  const message = 'the update took too long and was ended; UPDATE_TIMEOUT can be raised';
  return { result: 'timed_out', message, retryAt: null };
}

function refused(result: 'rate_limited' | 'cool_down', why: string, retryAt: number): UpdateOutcome {
  const until = new Date(retryAt).toISOString();
  return { result, message: `${why}; it may be tried again after ${until}`, retryAt };
}

/** freshclam prints its local time without a zone; it is ours where it runs beside us, and both are UTC in containers. */
function coolDownUntil(output: string): number | null {
  const found = /cool-down until after: (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)/.exec(output);
  if (found === null) return null;
  const time = Date.parse(`${found[1]}T${found[2]}`);
  return Number.isNaN(time) ? null : time;
}

function lastError(output: string): string {
  const errors = output.split('\n').filter((line) => line.startsWith('ERROR:'));
  // The last ones only say that it failed.
  const telling =
    errors.findLast((line) => !/Update failed|update process failed/.test(line)) ?? errors.at(-1);
  return (telling ?? output.trim().split('\n').at(-1) ?? 'it said nothing').slice(0, MAX_ERROR_CHARS);
}
