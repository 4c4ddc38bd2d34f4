import { InvalidArgumentError, type Command } from 'commander';
import { asciiJson } from '../bytes/index.ts';
import { addToken, readTokens, removeTokens } from '../config/index.ts';
import { ROLES, type NamedToken, type Role } from '../contracts/index.ts';
import { DONE, groupOf, run, say, WRONG, type CommandIo } from './command-io.ts';
import { instant } from './instant.ts';

const EXAMPLES = `
Examples:
  backuplens token create anna --role reviewer
  backuplens token create prometheus --role viewer
  backuplens token create ci --role reviewer --expires 2027-06-30
  backuplens token list
  backuplens token revoke anna

A token is shown once, by \`create\`: TOKENS_FILE holds its SHA-256 and nothing else. Two of one name are valid side by side:
make the new one, bring it to its place, and revoke the old one by its id. A running service takes over what changes here
within a second; run this as its user.

Roles:
  viewer    reads everything       reviewer  also uploads, approves and rejects       admin  also restores and deletes

Exit codes:
  0  done
  1  there is no such token
  2  it could not be done
`;

/** Builds `token create|list|revoke`. */
export function tokenCommand(io: CommandIo, tokensFile: () => string): Command {
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
    .action(async (name: string, options: { role: Role; expires?: string; json?: boolean }) =>
      run(io, async () => {
        const asked = { name, role: options.role, expires_at: options.expires ?? null, now: new Date() };
        const { token, entry } = await addToken(tokensFile(), asked);
        io.out(options.json === true ? `${asciiJson({ ...shown(entry), token })}\n` : `${token}\n`);
        return DONE;
      }),
    );
  command
    .command('list')
    .description('All tokens, without what is secret.')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) =>
      run(io, async () => {
        const tokens = await readTokens(tokensFile());
        if (options.json === true) io.out(`${asciiJson(tokens.map(shown))}\n`);
        else for (const one of tokens) io.out(`${line(one)}\n`);
        if (tokens.length === 0 && options.json !== true) say(io, 'there is no named token');
        return DONE;
      }),
    );
  command
    .command('revoke')
    .description('Takes a token away.')
    .argument('<name or id>', 'all of that name, or the one with that id')
    .option('--json', 'as JSON')
    .action(async (which: string, options: { json?: boolean }) =>
      run(io, async () => {
        const gone = await removeTokens(tokensFile(), which);
        if (options.json === true) io.out(`${asciiJson(gone.map(shown))}\n`);
        else for (const { id, name } of gone) io.out(`${id} ${name} revoked\n`);
        if (gone.length > 0) return DONE;
        say(io, `there is no token ${which}`, '`list` shows what there is');
        return WRONG;
      }),
    );
  return command;
}

function role(text: string): Role {
  const known = ROLES.find((one) => one === text);
  if (known === undefined) throw new InvalidArgumentError(`expected one of ${ROLES.join(', ')}.`);
  return known;
}

function shown(token: NamedToken): Omit<NamedToken, 'sha256'> {
  const { sha256: _, ...rest } = token;
  return rest;
}

function line({ id, name, role: as, created_at: since, expires_at: until }: NamedToken): string {
  const end = until === null ? '' : `  until ${until.slice(0, 19)}Z`;
  return `${id}  ${as.padEnd(8)}  ${name}  since ${since.slice(0, 19)}Z${end}`;
}
