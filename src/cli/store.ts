import type { Command } from 'commander';
import { groupOf, run, type CommandIo } from './command-io.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./store/run.ts');

const EXAMPLES = `
Examples:
  backuplens store backup /backups/backuplens-2026-11-28.sqlite    while the service runs
  backuplens store check                    the store, its journal, and what it says is on disk
  backuplens store restore /backups/backuplens-2026-11-28.sqlite --yes
  backuplens store rebuild                  what lies in quarantine and under review, and the store does not know

The store (DATA_DIR/store.sqlite) knows every file, decision and move. Were it lost, no file would be: each container
and each held file says what it is, and \`rebuild\` makes a new store from them; who decided what, when, and which files
stand approved is only in the store, so back it up.

Exit codes:
  0  done
  1  something is not as it should be
  2  it could not be done
`;

/** Builds `store backup|restore|check|rebuild`. */
export function storeCommand(io: CommandIo): Command {
  const command = groupOf(
    'store',
    'back up, restore, check or rebuild what BackupLens knows',
    'The store: one SQLite database in DATA_DIR.',
    EXAMPLES,
  );
  command
    .command('backup')
    .description('Copies the store into a new file, as it is at one moment, and checks the copy.')
    .argument('<file>', 'the new file; never overwritten')
    .option('--json', 'as JSON')
    .action(async (file: string, { json }: { json?: boolean }) =>
      run(io, async () => (await work()).backup(io, file, json === true)),
    );
  command
    .command('restore')
    .description('Puts a backup in the place of the store; what was there is set aside, not removed.')
    .argument('<file>', 'a file that `store backup` wrote')
    .option('--yes', 'really do it')
    .option('--json', 'as JSON')
    .action(async (file: string, options: { yes?: boolean; json?: boolean }) =>
      run(io, async () => (await work()).restore(io, file, options)),
    );
  command
    .command('check')
    .description('Every page of the store, every record of its journal, every item that it says is on disk.')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) =>
      run(io, async () => (await work()).check(io, json === true)),
    );
  command
    .command('rebuild')
    .description(
      'Enters what lies in quarantine and under review and the store does not know; makes it where it is lost.',
    )
    .option('--replace', 'set a store aside that cannot be used, and make a new one')
    .option('--json', 'as JSON')
    .action(async (options: { replace?: boolean; json?: boolean }) =>
      run(io, async () => (await work()).rebuild(io, options)),
    );
  return command;
}
