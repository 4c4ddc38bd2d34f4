import type { Command } from 'commander';
import { groupOf, run, type CommandIo } from './command-io.ts';
import { instant } from './instant.ts';
import type { DeleteFlags, ListFlags, RestoreFlags, ShowFlags } from './quarantine/run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./quarantine/run.ts');

const EXAMPLES = `
Examples:
  backuplens quarantine list
  backuplens quarantine list --rule Test_Rule --since 2026-11-28
  backuplens quarantine show 9f3a5c7e             what it is, and why it is here
  backuplens quarantine show --verify 9f3a5c7e    reads all of it and compares the hashes
  backuplens quarantine restore 9f3a5c7e          back to where it came from
  backuplens quarantine restore 9f3a5c7e --to /tmp/sample --keep
  backuplens quarantine restore --rule Test_Rule --since 2026-11-28T03:00:00Z
                                                  what a false alarm has taken away
  backuplens quarantine delete 9f3a5c7e --reason 'confirmed by the owner' --yes

An ID may be cut short as long as it means one item: its beginning, or the beginning of the part after the dash.
A restored file never overwrites another one, and comes back without setuid, setgid, sticky and file capabilities
unless --with-privileges says so. RESTORE_ROOTS bounds where it may go.

Exit codes:
  0  done
  1  there is no such item, or it is damaged
  2  it could not be done
`;

/** Builds `quarantine list|show|restore|delete`. */
export function quarantineCommand(io: CommandIo): Command {
  const command = groupOf(
    'quarantine',
    'list, show, restore or delete what is in quarantine',
    'Files that were taken out of the way, each in a container that nothing can run or read by accident.\n' +
      'QUARANTINE_DIR says where they are, DATA_DIR where the store is that knows them.',
    EXAMPLES,
  );
  command
    .command('list')
    .description('What is in quarantine, oldest first. Damaged items are listed as damaged.')
    .option('--rule <name>', 'only what this rule or signature has put there')
    .option(
      '--since <time>',
      'only what was taken since then (2026-11-28, or with a time of day in UTC)',
      instant,
    )
    .option('--all', 'also what lies in other folders than QUARANTINE_DIR')
    .option('--json', 'as JSON')
    .action(async (options: ListFlags) => run(io, async () => (await work()).list(io, options)));
  command
    .command('show')
    .description('One item: where it came from, what it is, and why it was taken.')
    .argument('<id>', 'the item, or an unmistakable part of its id')
    .option('--json', 'as JSON, with the whole report')
    .option('--verify', 'read all of it, and compare the hashes')
    .action(async (id: string, options: ShowFlags) =>
      run(io, async () => (await work()).show(io, id, options)),
    );
  command
    .command('restore')
    .description('Brings files back, byte by byte, and takes them out of quarantine. Never overwrites.')
    .argument('[id]', 'the item, or an unmistakable part of its id; or else --rule')
    .option('--to <path>', 'the new name of the file (default: where it came from)')
    .option('--keep', 'leave it in quarantine as well')
    .option('--with-privileges', 'with setuid, setgid, sticky and file capabilities')
    .option('--rule <name>', 'everything that this rule or signature has put there')
    .option('--since <time>', 'with --rule: only what was taken since then', instant)
    .option('--reason <text>', 'why, for the journal')
    .option('--json', 'as JSON')
    .action(async (id: string | undefined, options: RestoreFlags) =>
      run(io, async () => (await work()).restore(io, id, options)),
    );
  command
    .command('delete')
    .description('Deletes an item for good. The journal keeps who did it, when and why.')
    .argument('<id>', 'the item, or an unmistakable part of its id')
    .requiredOption('--reason <text>', 'why, for the journal')
    .option('--yes', 'really do it: without, only says what would be deleted')
    .option('--json', 'as JSON')
    .action(async (id: string, options: DeleteFlags) =>
      run(io, async () => (await work()).remove(io, id, options)),
    );
  return command;
}
