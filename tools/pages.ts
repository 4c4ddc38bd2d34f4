import { VARIABLES } from '../src/config/index.ts';
import { UPDATER_VARIABLES } from '../src/services/clamav-updater/environment.ts';
import { FORMATS } from '../src/unpack/index.ts';
import { matrixSection } from './matrix-page.ts';
import { policySection } from './policy-section.ts';

/** docs/formats.md: every container that is opened, as its handler declares it. */
export async function formatsPage(): Promise<string> {
  const formats = FORMATS.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const rows: string[] = [];
  for (const { id, access, load } of formats) {
    const { doc } = (await load()).unpacker;
    const links = doc.references.map((reference) => reference.replace(/(https:\S+)/, '<$1>')).join(', ');
    const cells = [
      `\`${id}\``,
      doc.name,
      doc.description,
      doc.recognised,
      access === 'stream' ? 'streams' : 'any place',
      doc.limits.length === 0 ? 'none of its own' : listed(doc.limits),
      doc.limitations.length === 0 ? 'none known' : listed(doc.limitations),
      links,
    ];
    rows.push(`| ${cells.map(cell).join(' | ')} |`);
  }
  return [
    '# Containers',
    '',
    'What is opened, by content and never by name. Made from the registry of `src/unpack/` by `npm run generate`.',
    'A format that streams is opened while it flows, in constant memory; the others are read at any place, from the',
    'file itself or from a copy in the scratch folder. Limits are a handler’s own bounds, beside those of the budget that',
    'all share; beyond one is a gap. Containers, images and backups that are recognised and not in this table are a gap',
    '(`unsupported_format`, `opaque` or `encrypted`). Data in packed blocks (Parquet, ORC, Avro, HDF5, RocksDB, WiredTiger, InnoDB, web',
    'fonts and others) are counted in the report as seen raw only, as large files of no known type are.',
    '',
    '| id | name | what it is | recognised by | read | limits | limitations | references |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...matrixSection(),
  ].join('\n');
}

/** docs/configuration.md: every environment variable, and every key of the policy. */
export function configurationPage(): string {
  const rows = Object.entries(VARIABLES).map(
    ([name, variable]) => `| \`${name}\` | ${cell(variable.doc)} | ${cell(variable.default)} |`,
  );
  const known = new Set(Object.keys(VARIABLES));
  const updaters = Object.entries(UPDATER_VARIABLES)
    .filter(([name]) => !known.has(name) && name !== 'PATH')
    .map(([name, { doc, fallback }]) => `| \`${name}\` | ${cell(doc)} | ${cell(fallback ?? 'unset')} |`);
  return [
    '# Settings',
    '',
    '## Environment',
    '',
    'Settings come from defaults, the policy file, the environment and flags; later ones win. `backuplens config show`',
    'prints what is in force and where it came from. Each variable may also be given with the prefix `BACKUPLENS_`, which',
    'wins. Made from the table in `src/config/environment.ts` by `npm run generate`; not every variable matters to',
    '`backuplens scan`: those of a running service are checked all the same, so that a mistake shows early.',
    '',
    '| variable | what for | default |',
    '| --- | --- | --- |',
    ...rows,
    '',
    'clamav-updater has these besides:',
    '',
    '| variable | what for | default |',
    '| --- | --- | --- |',
    ...updaters,
    '',
    ...policySection(),
  ].join('\n');
}

function listed(sentences: readonly string[]): string {
  return sentences.map((sentence) => sentence.replace(/\.$/, '')).join('; ');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
