/**
 * What is asked of every format, and how its answer is published. The first four are about whole containers, the next
 * two about cut ones, the next two about a budget that is too small for them; the rest is what others make of the
 * same files.
 */
export const COLUMNS = {
  reachable: 'marker inside',
  nested: 'in a tar.gz',
  locked: 'encrypted',
  opened: 'encrypted, password listed',
  half: 'cut at 1/2',
  tail: 'cut at 9/10',
  bytes: 'over budget: bytes',
  depth: 'over budget: depth',
  clamav: 'ClamAV',
  clamav_nested: 'ClamAV, in a tar.gz',
  seven_zip: '7z',
  seven_zip_nested: '7z, in a tar.gz',
} as const;
export type Column = keyof typeof COLUMNS;

/**
 * `found`: a finding whose trail is the marker's; `gap:<reason>`: a gap whose trail leads to it; both where what is
 * left of a cut container holds it. `n/a: <why>`, `untested: <which maker is missing>`. Others than us: `found`,
 * `missed`. Anything else is a failure.
 */
export type Row = Readonly<Record<Column, string>>;

/** A whole table, by id of the format. */
export type Table = Readonly<Record<string, Row>>;

/** What must not be in a published table: a marker that was neither found nor covered by a gap. */
export const SILENT = 'SILENT';

const OURS = /^(?:found(?: \+ gap:[a-z_]+)?|gap:[a-z_]+|n\/a: .+|untested: .+)$/;
const THEIRS = /^(?:found|missed|untested: .+)$/;

/** The columns of a row that say nothing, or that nobody looked. */
export function emptyCells(row: Row): Column[] {
  const columns = Object.keys(COLUMNS).filter((name): name is Column => name in COLUMNS);
  return columns.filter((name) => {
    const allowed = /^(?:clamav|seven_zip)/.test(name) ? THEIRS : OURS;
    return !allowed.test(row[name] ?? '');
  });
}
