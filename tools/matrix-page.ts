import { publishedTable } from '../test/kit/matrix/published.ts';
import { COLUMNS, type Column, type Row } from '../test/kit/matrix/row.ts';

const NO_ENCRYPTION = 'n/a: the format knows no encryption';

/** For docs/formats.md: what the program makes of a container of each format, beside what others make of it. */
export function matrixSection(): string[] {
  const rows = Object.entries(publishedTable());
  const made = rows.filter(([, { reachable }]) => !reachable.startsWith('untested: '));
  const unmade = rows.filter(([, { reachable }]) => reachable.startsWith('untested: '));
  return [
    '## What was tried',
    '',
    'Each format with a harmless marker in it, through `backuplens scan` as a user runs it (`npm run matrix`; a test fails',
    'when a cell is no longer true). `found`: a finding whose trail leads to the file that holds the marker, and not just to',
    'the container. `gap:<reason>`: the marker was not reached, and the report says so for the container or the file. Both:',
    'a cut container whose beginning was examined. `n/a`: the format cannot be so (without a reason: it knows no encryption); `untested`: nobody here makes one.',
    'The budgets are too small on purpose: 64 KiB unpacked from one file, two containers within each other. The encrypted ones',
    'have a password that is on no list, then one that is on the default list.',
    '',
    ...tableOf(made, ['reachable', 'nested', 'locked', 'opened', 'half', 'tail', 'bytes', 'depth']),
    '',
    `The same files, given to a ClamAV that knows the marker (with the limits that Debian delivers) and to \`7zz x -so\`, one`,
    'step; `missed` is its "OK", or nothing of the file in what came out. It finds some stored files by their raw bytes.',
    '',
    ...tableOf(made, ['clamav', 'clamav_nested', 'seven_zip', 'seven_zip_nested']),
    '',
    ...(unmade.length === 0 ? [] : ['No container of these could be made for the test:', '']),
    ...unmade.map(([id, { reachable }]) => `- \`${id}\` is ${reachable}`),
    ...(unmade.length === 0 ? [] : ['']),
  ];
}

function tableOf(rows: readonly (readonly [string, Row])[], columns: readonly Column[]): string[] {
  return [
    `| id | ${columns.map((column) => COLUMNS[column]).join(' | ')} |`,
    `| --- |${' --- |'.repeat(columns.length)}`,
    ...rows.map(([id, row]) => `| \`${id}\` | ${columns.map((column) => shown(row[column])).join(' | ')} |`),
  ];
}

function shown(cell: string): string {
  return cell === NO_ENCRYPTION ? 'n/a' : cell.replaceAll('|', '\\|');
}
