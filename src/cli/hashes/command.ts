import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { buildTable, type BuiltTable, type SetFolder } from '../../analyze/hash-sets/index.ts';
import { asciiJson, Scratch } from '../../bytes/index.ts';
import { hashSetFolders, loadConfig, processEnvironment } from '../../config/index.ts';
import { BackupLensError, type HashSetKind } from '../../domain/index.ts';
import { counted, forTerminal, number, padEnd } from '../../report/index.ts';
import type { CommonOptions, Run } from '../run.ts';
import type { Tty } from '../tty.ts';
import { importCollection, nameFrom } from './import.ts';

interface HashesOptions extends CommonOptions {
  readonly json?: boolean;
}

interface ImportOptions extends HashesOptions {
  readonly as: HashSetKind;
  readonly name?: string;
  readonly source?: string;
  readonly replace?: boolean;
}

const HELP = `
A list is a text file (.txt, .csv, .sha256) with one SHA-256 a line, or SHA-256,name,source. Lines that begin with # are
comments. Lists lie in KNOWN_BAD_DIR (./hash-sets/bad) and KNOWN_GOOD_DIR (./hash-sets/good).

  known bad   quarantines: finding known_bad_hash, 200 points in the delivered policy
  known good  skips nothing. What was only a guess from statistics or from a name's ending is listed as accepted. Signatures,
              rules, and a program under another name count as ever; in both kinds of lists, it is bad

Exit codes:
  0  done, nothing is wrong
  1  lines were rejected, or hashes are listed as bad and as good
  2  it could not be done
`;

const IMPORT_HELP = `
Formats, told by their content:
  CSV with a column sha256_hash, sha256 or SHA-256   MalwareBazaar (full.csv, recent.csv) and others
  SQLite with a table FILE                           NSRL, RDSv3
  JSON, one object a line, with "SHA-256"            CIRCL hashlookup
  hashdeep (%%%% size,md5,sha256,filename), sha256sum (also --tag), SHA-256,name,source
Collections with MD5 or SHA-1 only (VirusShare, the older NSRL) are refused: such sums can be shared on purpose.

Examples:
  unzip -p full.csv.zip | backuplens hashes import --as bad --name malwarebazaar -
  backuplens hashes import --as good --source NSRL RDS_2026.09.1_modern_minimal.db
  find /usr/bin -type f -exec sha256sum {} + | backuplens hashes import --as good --name golden-image -

Exit codes:
  0  imported   1  imported, but for lines that were rejected   2  not imported
`;

/** Adds `hashes check`, `hashes list` and `hashes import`. */
export function addHashesCommand(program: Command, run: Run): void {
  const hashes = program
    .command('hashes')
    .summary('check, list and import lists of known hashes')
    .description('What is known bad or known good by its SHA-256.')
    .addHelpText('after', HELP);
  hashes
    .command('check')
    .summary('what is wrong with lists')
    .description(
      'Reads the lists in the folders (without one: those in force), and names every line that is rejected.',
    )
    .argument('[dir...]', 'folders of lists')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP)
    .action(async (dirs: string[], options: HashesOptions) =>
      run(options, async (tty) => check(dirs, options, tty)),
    );
  hashes
    .command('list')
    .summary('the lists in force, with how many hashes each has')
    .description('The lists in force, with how many hashes each has.')
    .option('--json', 'as JSON')
    .action(async (options: HashesOptions) => run(options, async (tty) => list(options, tty)));
  hashes
    .command('import')
    .summary('write a published collection as a list')
    .description('Reads a collection line by line, whatever its size, and writes it as a list.')
    .argument('<file>', 'the collection; - reads standard input')
    .addOption(
      new Option('--as <kind>', 'what its hashes are').choices(['bad', 'good']).makeOptionMandatory(),
    )
    .option('--name <name>', 'of the list (default: that of the file)')
    .option('--source <text>', 'written beside every hash (default: the name)')
    .option('--replace', 'in place of the list of this name')
    .option('--json', 'as JSON')
    .addHelpText('after', IMPORT_HELP)
    .action(async (file: string, options: ImportOptions) =>
      run(options, async (tty) => take(file, options, tty)),
    );
}

function inForce(): SetFolder[] {
  return hashSetFolders(loadConfig({ cwd: process.cwd(), env: processEnvironment() }));
}

/** In a scratch folder, which goes again. */
async function read(folders: readonly SetFolder[]): Promise<BuiltTable> {
  const { tmpDir } = loadConfig({ cwd: process.cwd(), env: processEnvironment() });
  await using scratch = await Scratch.create(tmpDir.value);
  return buildTable(folders, join(scratch.path, 'table'));
}

async function check(dirs: readonly string[], options: HashesOptions, tty: Tty): Promise<number> {
  const folders =
    dirs.length === 0 ? inForce() : dirs.map((dir): SetFolder => ({ kind: 'bad', path: resolve(dir) }));
  const { state, lists } = await read(folders);
  const { rejected, rejected_lines: lines, in_both: both, files } = state;
  if (options.json === true) tty.print(asciiJson({ ...state, lists }, 2));
  else {
    for (const { file, line, message } of rejected) {
      tty.print(`${forTerminal(file)}${line === null ? '' : `:${line}`}  ${forTerminal(message)}`);
    }
    if (lines > rejected.length) tty.print(`… and ${number(lines - rejected.length)} more`);
    const wrong = [
      ...(lines === 0 ? [] : [`${counted(lines, 'line')} rejected`]),
      ...(both === 0 ? [] : [`${counted(both, 'hash', 'hashes')} bad and good at once: bad wins`]),
    ];
    const told = wrong.length === 0 ? 'nothing to complain of' : wrong.join(', ');
    tty.print(`${told}; ${counted(state.bad + state.good, 'hash', 'hashes')} in ${counted(files, 'list')}`);
  }
  if (files === 0) tty.warn('there is no list', 'lists end in .txt, .csv or .sha256');
  return lines + both > 0 ? 1 : 0;
}

async function list(options: HashesOptions, tty: Tty): Promise<number> {
  const { state, lists } = await read(inForce());
  if (options.json === true) tty.print(asciiJson({ ...state, lists }, 2));
  else {
    for (const { file, kind, hashes } of lists) {
      tty.print(`${padEnd(kind, 4)}  ${number(hashes).padStart(13)}  ${forTerminal(file)}`);
    }
    tty.print(`${number(state.bad)} known bad, ${number(state.good)} known good`);
  }
  if (state.rejected_lines > 0) {
    tty.warn(`${counted(state.rejected_lines, 'line')} rejected`, 'backuplens hashes check names them');
  }
  return 0;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

async function take(from: string, options: ImportOptions, tty: Tty): Promise<number> {
  const { as: kind, replace } = options;
  const name = options.name ?? nameFrom(from === '-' ? 'imported' : from);
  if (!NAME.test(name)) {
    throw new BackupLensError('BL_USAGE', `--name: expected letters, digits, dots and dashes, got ${name}`);
  }
  const { knownBadDir, knownGoodDir } = loadConfig({ cwd: process.cwd(), env: processEnvironment() });
  const folder = (kind === 'bad' ? knownBadDir : knownGoodDir).value ?? resolve('hash-sets', kind);
  const done = await importCollection({
    from,
    kind,
    folder,
    name,
    source: options.source ?? name,
    replace: replace === true,
  });
  if (options.json === true) tty.print(asciiJson(done, 2));
  else {
    tty.print(
      `wrote ${forTerminal(done.list)}: ${counted(done.hashes, 'hash', 'hashes')} from ${done.format}`,
    );
    if (done.left_out > 0)
      tty.print(`${number(done.left_out)} left out: the collection calls them malicious`);
    for (const { line, message } of done.rejected) tty.warn(`line ${line}: ${message}`);
  }
  if (done.rejected_lines > done.rejected.length) {
    tty.warn(`${number(done.rejected_lines - done.rejected.length)} more lines were rejected`);
  }
  return done.rejected_lines > 0 ? 1 : 0;
}
