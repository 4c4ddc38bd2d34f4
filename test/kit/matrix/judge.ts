import { ENGINE_AWAY } from '../../../src/domain/index.ts';
import type { Result } from '../cli.ts';
import { SILENT } from './row.ts';

/** How the marker is reached: names from the container (not counted) down to what holds it. */
export type Way = readonly string[];

/** Rules of ours and of the tests' clamd that name the marker. */
const MARKER_RULE = /marker/i;

/**
 * Where the marker was found below the container, which lies `above` names deep in the file's trail. Null when it was
 * not, or only in the container's own raw bytes: that proves nothing.
 */
export function wayToMarker({ findings }: Result, above: number): Way | null {
  const ways = findings
    .filter(({ rule, trail }) => MARKER_RULE.test(rule) && trail.length > above)
    .map(({ trail }) => trail.slice(above));
  return ways.toSorted((a, b) => b.length - a.length)[0] ?? null;
}

/**
 * One cell. A gap counts when it is the container's own or lies on the way to the marker (`way`; null: not known);
 * an engine that was away is no answer.
 */
export function judge(result: Result | undefined, above: number, way: Way | null): string {
  if (result === undefined) return SILENT;
  const found = wayToMarker(result, above) !== null ? 'found' : null;
  const leading = result.gaps.filter(
    ({ reason, trail }) =>
      !ENGINE_AWAY.includes(reason) && trail.length >= above && leadsTo(trail.slice(above), way),
  );
  const reason = strongest(leading.map((gap) => gap.reason));
  if (reason === null) return found ?? SILENT;
  return found === null ? `gap:${reason}` : `${found} + gap:${reason}`;
}

/** Names within a container are paths: `a` leads to `a/b` as well as to `a`, `b`. */
function leadsTo(trail: Way, way: Way | null): boolean {
  return trail.length === 0 || way === null || `${way.join('/')}/`.startsWith(`${trail.join('/')}/`);
}

/** What says most about why the marker was not reached, where several gaps lead to it. */
const BY_WEIGHT = ['budget_exceeded', 'encrypted', 'corrupt', 'unsupported_format'] as const;

function strongest(reasons: readonly string[]): string | null {
  return BY_WEIGHT.find((reason) => reasons.includes(reason)) ?? reasons[0] ?? null;
}
