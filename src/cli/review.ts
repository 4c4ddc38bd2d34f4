import type { Command } from 'commander';
import { groupOf, run, type CommandIo } from './command-io.ts';
import { instant } from './instant.ts';
import { STATES } from './review/states.ts';
import type { BulkFlags } from './review/bulk.ts';
import type { AnswerFlags } from './review/run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./review/run.ts');

const EXAMPLES = `
Examples:
  backuplens review list
  backuplens review groups                         what waits for the same reasons, counted
  backuplens review list --group 4f0c…            those with the same grounds
  backuplens review show 9f3a5c7e                  what was found, and its SHA-256
  backuplens review approve 9f3a5c7e --sha256 1b4f… --reason 'locked by its owner, password checked'
  backuplens review reject 9f3a5c7e --sha256 1b4f… --reason 'macro virus'
  backuplens review forget 9f3a5c7e --reason 'the vendor has withdrawn it'
  backuplens review bulk approve --group 4f0c…    what it would be on, and its digest
  backuplens review bulk approve --group 4f0c… --digest 9d1e… --reason 'vendor update'

Approve gives the file back: to APPROVED_DIR, or else to where it came from. Reject puts it into quarantine.
Both want the SHA-256 that \`show\` prints: what was not looked at is not what gets approved. Nothing is ever approved
by waiting. Forget takes back what --remember promised; what stands approved stays so.

What was released, and is not approved any more by a stricter policy, waits here as well: approve opens its gate again, reject
puts it into quarantine, if it is still where it was released to.

Exit codes:
  0  done
  1  there is no such review, it is answered already, or what was decided could not be carried out yet
  2  it could not be done
`;

/** Builds `review list|groups|show|approve|reject|bulk|forget`. */
export function reviewCommand(io: CommandIo): Command {
  const command = groupOf(
    'review',
    'list, show, approve or reject what waits for a person',
    'Files that are held because somebody has to look: in REVIEW_DIR, or in place where there is none.',
    EXAMPLES,
  );
  command
    .command('list')
    .description('What waits for a person, oldest first.')
    .option('--state <state>', `one of ${STATES.join(', ')}`, 'open')
    .option('--group <group>', 'only those with these grounds')
    .option('--json', 'as JSON')
    .action(async (options: { state: string; group?: string; json?: boolean }) =>
      run(io, async () => (await work()).list(io, options)),
    );
  command
    .command('groups')
    .description('What waits for the same reasons, counted, the largest group first.')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) =>
      run(io, async () => (await import('./review/groups.ts')).groups(io, options.json === true)),
    );
  command
    .command('show')
    .description('One held file: what was found, what was not looked at, and its SHA-256.')
    .argument('<id>', 'the review, or an unmistakable part of its id')
    .option('--json', 'as JSON, with the whole report')
    .action(async (id: string, options: { json?: boolean }) =>
      run(io, async () => (await work()).show(io, id, options.json === true)),
    );
  for (const [verb, description] of [
    ['approve', 'The file is what it should be: it goes to APPROVED_DIR, or back to its place.'],
    ['reject', 'The file must not be used: it goes into quarantine.'],
  ] as const) {
    const answering = command
      .command(verb)
      .description(description)
      .argument('<id>', 'the review, or an unmistakable part of its id')
      .requiredOption('--sha256 <hash>', 'of the file that was looked at')
      .requiredOption('--reason <text>', 'why, for the journal');
    if (verb === 'approve') {
      answering
        .option('--remember', 'approve this content with these findings and gaps in future too')
        .option('--until <time>', 'with --remember: until then', instant);
    }
    answering
      .option('--json', 'as JSON')
      .action(async (id: string, options: AnswerFlags) =>
        run(io, async () => (await work()).answer(io, id, verb, options)),
      );
  }
  addBulk(command, io);
  command
    .command('forget')
    .description(
      'Takes back that an approval is remembered (--remember): what comes next is asked about again.',
    )
    .argument('<id>', 'the review, or an unmistakable part of its id')
    .requiredOption('--reason <text>', 'why, for the journal')
    .option('--json', 'as JSON')
    .action(async (id: string, options: { reason: string; json?: boolean }) =>
      run(io, async () => (await work()).forget(io, id, options)),
    );
  return command;
}

/** Two steps: what it would be on, and then exactly that. */
function addBulk(command: Command, io: CommandIo): void {
  const bulk = command
    .command('bulk')
    .description(
      'Many at once: shows what it would be on, and with the digest of that decides exactly this.',
    );
  for (const [verb, description] of [
    ['approve', 'The files are what they should be.'],
    ['reject', 'The files must not be used: they go into quarantine.'],
  ] as const) {
    const deciding = bulk
      .command(verb)
      .description(description)
      .option('--group <group>', 'those with these grounds (`review groups`)')
      .option('--kind <kind>', 'those with a finding of this kind, or `gap`')
      .option('--rule <rule>', 'those with this rule; of a gap `reason:by`')
      .option('--under <path>', 'those whose path begins with this')
      .option('--digest <digest>', 'of what was shown: decide on it')
      .option('--reason <text>', 'with --digest: why, for the journal');
    if (verb === 'approve') {
      deciding
        .option('--remember', 'approve each of these contents with its findings and gaps in future too')
        .option('--until <time>', 'with --remember: until then', instant);
    }
    deciding
      .option('--json', 'as JSON')
      .action(async (options: BulkFlags) =>
        run(io, async () => (await import('./review/bulk.ts')).bulk(io, verb, options)),
      );
  }
}
