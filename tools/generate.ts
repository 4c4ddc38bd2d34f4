import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import * as contracts from '../src/contracts/index.ts';
import { programVersion } from '../src/config/start/index.ts';
import { readmePage } from './comparison.ts';
import { licencesPage } from './licences-page.ts';
import { operationsPage } from './operations-page.ts';
import { configurationPage, formatsPage } from './pages.ts';
import { siemPage } from './siem-page.ts';

/** Files that are made from the code, so that they cannot say anything else. One line each. */
const GENERATED: readonly { readonly path: string; readonly make: () => string | Promise<string> }[] = [
  { path: 'schema/report.schema.json', make: reportSchema },
  {
    path: 'schema/openapi.json',
    make: () => `${JSON.stringify(contracts.openapi(programVersion()), null, 2)}\n`,
  },
  { path: 'docs/formats.md', make: formatsPage },
  { path: 'docs/configuration.md', make: configurationPage },
  { path: 'docs/api-operations.md', make: operationsPage },
  { path: 'docs/siem-examples.md', make: siemPage },
  { path: 'docs/licences.md', make: licencesPage },
  // Last: it quotes pages above.
  { path: 'README.md', make: readmePage },
];

const root = join(import.meta.dirname, '..');

function reportSchema(): string {
  const names = z.registry<{ id?: string }>();
  names.add(contracts.fileResult, { id: 'FileResult' });
  names.add(contracts.summary, { id: 'Summary' });
  names.add(contracts.engines, { id: 'Engines' });
  names.add(contracts.skippedEntry, { id: 'SkippedEntry' });
  names.add(contracts.errorEntry, { id: 'ErrorEntry' });
  const title = 'BackupLens report';
  const description =
    'The whole of a --format json report. A line of --format ndjson is a FileResult; its last line is this object without "results".';
  const { $schema, ...rest } = z.toJSONSchema(contracts.report, { metadata: names });
  return `${JSON.stringify({ $schema, $id: contracts.REPORT_SCHEMA, title, description, ...rest }, null, 2)}\n`;
}

/** Null when there is no such file. */
function onDisk(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

const check = process.argv.includes('--check');
const differing: string[] = [];
for (const { path, make } of GENERATED) {
  const wanted = await make();
  const file = join(root, path);
  if (onDisk(file) === wanted) continue;
  differing.push(path);
  if (check) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, wanted);
  console.log(`wrote ${path}`);
}
if (check && differing.length > 0) {
  for (const path of differing) console.error(`${path} is not what the code says`);
  console.error('hint: run: npm run generate');
  process.exitCode = 1;
}
