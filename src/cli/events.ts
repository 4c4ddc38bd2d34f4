import type { Command } from 'commander';
import type { EventsTestOptions } from './events/run.ts';
import type { Run } from './run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./events/run.ts');

const HELP = `
Tells every receiver of events that is set (WEBHOOK_URL, SYSLOG_URL, EVENTS_FILE) one event of the type "test", now and
once, with the settings of this environment: run it as the service runs. It goes beside the outbox: no cursor moves,
and the service need not run. What was sent by UDP may not have arrived: look there.

Examples:
  backuplens events test
  backuplens events test --json | jq -r '.[] | select(.delivered | not) | .why'

Exit codes:
  0  every receiver took it
  1  one did not
  2  it could not be done: no receiver is set, or the settings are wrong
`;

/** Adds `events test`. */
export function addEventsCommand(program: Command, run: Run): void {
  program
    .command('events')
    .summary('who is told of what happens')
    .description(
      'Events go to a webhook, to syslog and to a file (docs/siem.md); status shows how it stands.',
    )
    .command('test')
    .summary('sends one event to every receiver')
    .description('Sends one event to every receiver of events that is set, and says what came of it.')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP)
    .action(async (options: EventsTestOptions) =>
      run(options, async (tty) => (await work()).testEvents(options, tty)),
    );
}
