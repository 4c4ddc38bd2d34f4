import { InvalidArgumentError, type Command } from 'commander';
import type { AddOptions, CreateOptions, ListOptions, RevokeOptions, RotateOptions } from './keys/run.ts';
import { positive, reason } from './option-values.ts';
import type { Run } from './run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./keys/run.ts');

/** A key that is forgotten for so long has been forgotten by whoever keeps it, too. */
const EXPIRES_DAYS = 730;
/** Long enough for a stick to come round everywhere. */
const OVERLAP_DAYS = 30;

const HELP = `
Whoever makes bundles has a secret key (bundle-ID.key), and nobody else has it. Its public half (bundle-ID.pem) lies in KEYS_DIR (./keys)
of every machine that takes their bundles.

  where bundles are made          backuplens keys create
                                  backuplens keys rotate           (every year, or when somebody leaves)
  where they are taken, once      backuplens keys add /media/stick/bundle-….pem --trust FINGERPRINT
  after each rotation             backuplens keys add /media/stick/bundle-….pem
  when a secret key was stolen    backuplens keys revoke ID --reason "…"    (everywhere)

A rotated key is signed by the one before, and needs no comparing. Both count until the day that it names; after that nothing is
taken any more that the old one signed. docs/offline.md goes through it step by step.

Exit codes:
  0  done   1  refused, or there is no such key   2  it could not be done
`;

/** Adds `keys`. */
export function addKeysCommand(program: Command, run: Run): void {
  const keys = program
    .command('keys')
    .summary('the keys that bundles are signed with')
    .description(
      'Keys for bundles: make them, replace them by new ones, trust and revoke them. They lie in KEYS_DIR.',
    )
    .addHelpText('after', HELP);
  keys
    .command('list')
    .summary('which keys there are, and which of them count')
    .description('Every key in KEYS_DIR: whether it counts, until when, and who vouched for it.')
    .option('--json', 'as JSON')
    .action(async (options: ListOptions) => run(options, async (tty) => (await work()).list(options, tty)));
  keys
    .command('create')
    .summary('make the first pair')
    .description(
      'Makes an Ed25519 pair: bundle-ID.key signs and stays secret, bundle-ID.pem is what others trust.',
    )
    .option('--output <dir>', 'folder to put it in (default: KEYS_DIR)')
    .option('--expires <days>', 'counts for so many days', positive, EXPIRES_DAYS)
    .option('--json', 'as JSON')
    .action(async (options: CreateOptions) =>
      run(options, async (tty) => (await work()).create(options, tty)),
    );
  keys
    .command('rotate')
    .summary('make a new pair, signed by the present one')
    .description(
      'Makes the pair that takes the place of the present one, which signs it. Both count for a while; then the old one no longer does.',
    )
    .option('--key <file>', 'secret key whose place it takes (default: the newest in KEYS_DIR that counts)')
    .option('--overlap <days>', 'both count for so many days', positive, OVERLAP_DAYS)
    .option('--expires <days>', 'the new one counts for so many days', positive, EXPIRES_DAYS)
    .option('--json', 'as JSON')
    .action(async (options: RotateOptions) =>
      run(options, async (tty) => (await work()).rotate(options, tty)),
    );
  keys
    .command('add')
    .summary('trust a public key')
    .description(
      'Takes a public key into KEYS_DIR: one that a key which counts here has signed, or whose fingerprint you have compared.',
    )
    .argument('<file>', 'public key (bundle-ID.pem)')
    .option('--trust <fingerprint>', 'what whoever made it has told you, in 16 digits at least', fingerprint)
    .option('--json', 'as JSON')
    .action(async (file: string, options: AddOptions) =>
      run(options, async (tty) => (await work()).add(file, options, tty)),
    );
  keys
    .command('revoke')
    .summary('trust a key no longer')
    .description('From now on nothing that this key has signed is taken, neither a bundle nor a new key.')
    .argument('<id>', 'of the key, as `keys list` shows it', id)
    .requiredOption('--reason <text>', 'recorded, and said to whoever tries to use it', reason)
    .option('--json', 'as JSON')
    .action(async (which: string, options: RevokeOptions) =>
      run(options, async (tty) => (await work()).revoke(which, options, tty)),
    );
}

function id(text: string): string {
  if (!/^[0-9a-f]{16}$/.test(text)) throw new InvalidArgumentError('expected the 16 digits of a key');
  return text;
}

function fingerprint(text: string): string {
  if (!/^[0-9a-fA-F: -]{16,200}$/.test(text))
    throw new InvalidArgumentError('expected 16 to 64 hexadecimal digits');
  return text;
}
