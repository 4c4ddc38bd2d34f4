import type { BundleHead } from './read-bundle.ts';
import { refused } from './refused.ts';
import type { HistoryEntry } from './releases.ts';

/** A clock that is not set shows years ago; one that is a little behind the other machine's is no reason. */
const CLOCK_SLACK_MS = 86_400_000;

/**
 * What speaks against a bundle that is genuine: its dates, and its place in the line of bundles. A person may have a reason to take
 * it all the same. Throws BL_BUNDLE for another bundle with a serial that was used, which no reason makes good.
 */
export function doubtsOf(
  { manifest, sha256 }: BundleHead,
  history: readonly HistoryEntry[],
  now: number,
): readonly string[] {
  const against: string[] = [];
  const imported = history.filter(({ action }) => action !== 'refused');
  const last = Math.max(0, ...imported.map(({ at }) => Date.parse(at)));
  if (now < last - CLOCK_SLACK_MS) {
    against.push(
      `this machine's clock says ${iso(now)}, and the last import was at ${iso(last)}: whether it is expired cannot be known`,
    );
  }
  if (now >= Date.parse(manifest.expires_at)) against.push(`it expired at ${manifest.expires_at}`);
  if (now < Date.parse(manifest.created_at) - CLOCK_SLACK_MS) {
    against.push(
      `it was made at ${manifest.created_at}, which is still to come: one of the two clocks is wrong`,
    );
  }
  const highest = Math.max(0, ...imported.map(({ serial }) => serial ?? 0));
  if (manifest.serial < highest) {
    against.push(`its serial is ${manifest.serial}, and ${highest} was in force here already: it is older`);
  }
  const name = `${manifest.serial}-${sha256.slice(0, 12)}`;
  const twin = imported.find(
    ({ serial, release }) => serial === manifest.serial && release !== null && !release.startsWith(name),
  );
  if (twin !== undefined) {
    throw refused(
      `another bundle with the serial ${manifest.serial} was in force at ${twin.at}`,
      'give every bundle a serial of its own',
    );
  }
  return against;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
