import { Command } from 'commander';
import { asciiJson } from '../bytes/index.ts';
import type { Store, StoreCounts } from '../store/index.ts';
import { DONE, dressed, facts, run, say, type CommandIo } from './command-io.ts';
import { withReader } from './store-session.ts';

const HELP = `
Works beside a running service.

Exit codes:
  0  done
  2  it could not be told
`;

/** Builds `status`: what waits, what is held, where everything is. */
export function statusCommand(io: CommandIo): Command {
  return dressed(new Command('status'))
    .summary('what waits, what is held, what is in quarantine')
    .description('What the store knows: how many files wait, are held, in quarantine, released or in place.')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP)
    .action(async ({ json }: { json?: boolean }) =>
      run(io, async () =>
        withReader(
          io.folders(),
          async (store) => tell(io, store, json === true),
          () => {
            if (json === true) io.out(`${asciiJson({ store: null })}\n`);
            else
              say(
                io,
                `there is no store in ${io.folders().dataDir} yet`,
                'the service or the first `scan --apply` makes it',
              );
            return DONE;
          },
        ),
      ),
    );
}

async function tell(io: CommandIo, store: Store, json: boolean): Promise<number> {
  const counts = await store.counts();
  const head = await store.journal.head();
  const instance = await store.instanceId();
  if (json) {
    io.out(
      `${asciiJson({ store: io.folders().dataDir, instance_id: instance, ...counts, journal_head: head.hash })}\n`,
    );
    return DONE;
  }
  facts(io, [
    ['store', io.folders().dataDir],
    ...rowsOf(counts),
    ['journal', `${head.seq} records, head ${head.hash}`],
  ]);
  return DONE;
}

function rowsOf(counts: StoreCounts): (readonly [string, string])[] {
  const { files } = counts;
  return [
    ['waiting', `${files.waiting}${since(counts.oldest_waiting)}`],
    ...only('scanning', files.scanning),
    ...only('alone next', counts.suspect, ': something died while they were examined'),
    ['held', `${counts.open_reviews}${since(counts.oldest_review)}`],
    ...only('escalated', counts.escalated_reviews, ' of them have waited too long'),
    ['quarantine', String(counts.quarantined)],
    ['in place', String(files.in_place)],
    ['released', String(files.released)],
    ...only('provisional', files.provisional, since(counts.oldest_provisional)),
    ...only('undone', files.decided, ' decided, not yet dealt with'),
    ...only('pending', files.disposition_pending, ': no room or no right to move them'),
    ...only('unfinished', counts.unfinished_dispositions, ' moves that have not come to their end'),
    ['last file', counts.last_accepted ?? 'never'],
    ['last scan', counts.last_decided ?? 'never'],
  ];
}

function since(text: string | null): string {
  return text === null ? '' : `, the oldest since ${text.slice(0, 19)}Z`;
}

/** A row that is only worth one when there is something. */
function only(name: string, count: number, more = ''): (readonly [string, string])[] {
  return count === 0 ? [] : [[name, `${count}${more}`]];
}
