import { InvalidArgumentError, type Command } from 'commander';
import { ROLES, type Role } from '../contracts/plain/index.ts';
import { groupOf, run, type CommandIo } from './command-io.ts';
import { instant } from './instant.ts';
import type { CreateOptions } from './token/run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./token/run.ts');

const EXAMPLES = `
Examples:
  backuplens token create anna --role reviewer
  backuplens token create prometheus --role viewer
  backuplens token create ci --role reviewer --expires 2027-06-30
  backuplens token list
  backuplens token revoke anna

A token is shown once, by \`create\`: TOKENS_FILE holds its SHA-256 and nothing else. Two of one name are valid side by side:
make the new one, bring it to its place, and revoke the old one by its id. A running service takes over what changes here
within a second, and writes into its journal who did it; run this as its user.

Roles:
  viewer    reads everything       reviewer  also uploads, approves and rejects       admin  also restores and deletes

Exit codes:
  0  done
  1  there is no such token
  2  it could not be done
`;

/** Builds `token create|list|revoke`. */
export function tokenCommand(io: CommandIo, tokensFile: () => Promise<string>): Command {
  const command = groupOf(
    'token',
    'create, list or revoke tokens for the API',
    'Named tokens for the API of the service, each with a role. TOKENS_FILE says where they are (tokens.json in DATA_DIR).',
    EXAMPLES,
  );
  command
    .command('create')
    .description('A new token. It is printed to standard output, this once.')
    .argument('<name>', 'who uses it, for the journal')
    .requiredOption('--role <role>', `one of ${ROLES.join(', ')}`, role)
    .option('--expires <time>', 'until then (default: without an end)', instant)
    .option('--json', 'as JSON')
    .action(async (name: string, options: CreateOptions) =>
      run(io, async () => (await work()).create(io, await tokensFile(), name, options)),
    );
  command
    .command('list')
    .description('All tokens, without what is secret.')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) =>
      run(io, async () => (await work()).list(io, await tokensFile(), json === true)),
    );
  command
    .command('revoke')
    .description('Takes a token away.')
    .argument('<name or id>', 'all of that name, or the one with that id')
    .option('--json', 'as JSON')
    .action(async (which: string, { json }: { json?: boolean }) =>
      run(io, async () => (await work()).revoke(io, await tokensFile(), which, json === true)),
    );
  return command;
}

function role(text: string): Role {
  const known = ROLES.find((one) => one === text);
  if (known === undefined) throw new InvalidArgumentError(`expected one of ${ROLES.join(', ')}.`);
  return known;
}
