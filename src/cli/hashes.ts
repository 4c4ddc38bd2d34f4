import { Option, type Command } from 'commander';
import type { Run } from './run.ts';
import type { HashesOptions, ImportOptions } from './hashes/run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./hashes/run.ts');

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
      run(options, async (tty) => (await work()).check(dirs, options, tty)),
    );
  hashes
    .command('list')
    .summary('the lists in force, with how many hashes each has')
    .description('The lists in force, with how many hashes each has.')
    .option('--json', 'as JSON')
    .action(async (options: HashesOptions) => run(options, async (tty) => (await work()).list(options, tty)));
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
      run(options, async (tty) => (await work()).take(file, options, tty)),
    );
}
