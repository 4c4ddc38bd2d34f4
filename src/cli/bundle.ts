import type { Command } from 'commander';
import { collect, positive, reason } from './option-values.ts';
import type { CommonOptions, Run } from './run.ts';
import type { CreateOptions, ImportOptions } from './bundle/run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./bundle/run.ts');

const HELP = `
A bundle is one signed file that carries what a machine without a network needs: it is a plain tar, and tar tvf shows it.

  clamav/       databases: main, daily and bytecode (.cvd, .cld), and of your own .hdb .hsb .mdb .msb .ndb .ldb .cdb
                (nothing that turns signatures off: .ign2 .fp .ftm .cfg …)
  yara-rules/   rules (.yar, .yara)
  hash-sets/    lists of hashes, bad and good (backuplens hashes)
  lists/        ransomware-names.txt
  policy/       scoring.yaml: only taken with --accept-policy

From one machine to the other:
  1. here, once:     backuplens keys create
                     (over there, once: backuplens keys add /media/stick/bundle-….pem --trust FINGERPRINT)
  2. here:           backuplens bundle create --output stick/today.bundle \\
                       --clamav /var/lib/clamav --rules yara-rules --bad hash-sets/bad
  3. over there:     backuplens bundle verify /media/stick/today.bundle
                     backuplens bundle import /media/stick/today.bundle
  4. if it was bad:  backuplens bundle rollback

docs/offline.md goes through it step by step.
`;

const IMPORT_HELP = `
In this order: the signature is checked, then dates and serial, then every byte; rules, lists, policy and databases are tried; and
only then does everything change, at one moment. An import that is interrupted before has changed nothing; after it, import
the same bundle again to finish.

Refused, and no reason helps:   another signature or none, anything changed, cut short or added, what cannot be loaded
Refused without --force:        expired, made in the future, older than what was in force, fewer rules, faults in rules or
                                lists, databases with which ClamAV no longer finds its canary

Exit codes:
  0  in force (also: was already)   1  refused, nothing was changed   2  it could not be done
`;

const EXIT_HELP = `
Exit codes:
  0  done, or good   1  refused, or not good   2  it could not be done
`;

/** Adds `bundle`. */
export function addBundleCommand(program: Command, run: Run): void {
  const bundle = program
    .command('bundle')
    .summary('carry databases, rules and lists to a machine without a network')
    .description(
      'One signed file with databases, rules, lists and policy: made here, verified and put in force there.',
    )
    .addHelpText('after', HELP);
  bundle
    .command('create')
    .summary('make a bundle')
    .description('Puts what is named into one file, signs it, and reads it back.')
    .requiredOption('--output <file>', 'the bundle')
    .option('--key <file>', 'secret key (default: the newest in KEYS_DIR that counts)')
    .option('--clamav <dir>', 'folder of ClamAV databases; repeatable', collect)
    .option('--rules <dir>', 'folder of YARA rules; repeatable', collect)
    .option('--bad <dir>', 'folder of lists of known bad hashes; repeatable', collect)
    .option('--good <dir>', 'folder of lists of known good hashes; repeatable', collect)
    .option('--names <file>', 'list of names that ransomware gives')
    .option('--policy <file>', 'scoring policy')
    .option(
      '--serial <n>',
      'greater than that of every bundle before (default: the time, as YYYYMMDDhhmmss)',
      positive,
    )
    .option('--expires <days>', 'refused after so many days', positive, 90)
    .option('--note <text>', 'for whoever imports it', '')
    .option('--json', 'as JSON')
    .addHelpText('after', EXIT_HELP)
    .action(async (options: CreateOptions) =>
      run(options, async (tty) => (await work()).create(options, tty)),
    );
  bundle
    .command('verify')
    .summary('say whether a bundle is genuine and whole, and what it brings')
    .description('Checks the signature against the keys in KEYS_DIR, and every byte. Changes nothing.')
    .argument('<file>', 'the bundle')
    .option('--json', 'as JSON')
    .addHelpText('after', EXIT_HELP)
    .action(async (file: string, options: ImportOptions) =>
      run(options, async (tty) => (await work()).verify(file, options, tty)),
    );
  bundle
    .command('import')
    .summary('verify a bundle, try it, and put it in force')
    .description(
      'Puts a bundle in force: below BUNDLE_DIR (./bundles), and its databases into CLAMAV_DB_DIR (./clamav-db).',
    )
    .argument('<file>', 'the bundle')
    .option('--force <reason>', 'take it in spite of what speaks against it; the reason is recorded', reason)
    .option('--accept-policy', 'take its scoring policy too')
    .option('--untested-databases', 'take ClamAV databases where there is no clamscan to try them')
    .option('--json', 'as JSON')
    .addHelpText('after', IMPORT_HELP)
    .action(async (file: string, options: ImportOptions) =>
      run(options, async (tty) => (await work()).take(file, options, tty)),
    );
  bundle
    .command('rollback')
    .summary('put back in force what was before')
    .description('Goes back to the bundle before, or to what was there before the first one.')
    .option('--reason <text>', 'recorded; wanted where the key of what comes back was revoked', reason)
    .option('--json', 'as JSON')
    .addHelpText('after', EXIT_HELP)
    .action(async (options: CommonOptions & { reason?: string; json?: boolean }) =>
      run(options, async (tty) => (await work()).back(options, tty)),
    );
  bundle
    .command('list')
    .summary('the bundle in force, and what was done with bundles')
    .description('The bundle in force, and the history of imports, refusals and rollbacks.')
    .option('--json', 'as JSON')
    .addHelpText('after', EXIT_HELP)
    .action(async (options: CommonOptions & { json?: boolean }) =>
      run(options, async (tty) => (await work()).list(options, tty)),
    );
}
