const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** `ClamAV 1.4.6/27500/Sun Jan 12 09:45:31 2025`: the last part is ctime(3), without a zone. */
const DATED =
  /^ClamAV [^/]+\/\d+\/[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) {1,2}(?<day>\d{1,2}) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/;

/**
 * RFC 3339 of the signature database in clamd's answer to VERSION; null when it does not say (own databases
 * have no date). clamd gives its local time: it is read as UTC, and so may be off by the zone it runs in.
 */
export function databaseTime(version: string): string | null {
  const found = DATED.exec(version)?.groups;
  if (found === undefined) return null;
  const month = MONTHS.indexOf(found['month'] ?? '') + 1;
  const day = (found['day'] ?? '').padStart(2, '0');
  const time = new Date(`${found['year']}-${String(month).padStart(2, '0')}-${day}T${found['time']}Z`);
  return Number.isNaN(time.getTime()) ? null : time.toISOString().replace('.000Z', 'Z');
}
