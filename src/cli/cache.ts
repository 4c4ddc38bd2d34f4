import type { Command } from 'commander';
import type { CacheCommandOptions } from './cache/run.ts';
import type { Run } from './run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./cache/run.ts');

const HELP = `
This is the command line's own cache (--cache, VERDICT_CACHE). The service has another one, in DATA_DIR/verdict-cache: to empty that,
stop the service and remove the folder.

Exit codes:
  0  done
  1  there is none, or it cannot be used
  2  it could not be done
`;

/** Adds `cache status` and `cache clear`. */
export function addCacheCommand(program: Command, run: Run): void {
  const cache = program
    .command('cache')
    .summary('what scans have found out before: how much is kept, and forgetting it')
    .description('Shows and empties the file that keeps what scans have found out (docs/cache.md).')
    .addHelpText('after', HELP);
  cache
    .command('status')
    .summary('where it is, and what is kept')
    .option('--cache <file>', 'another one than the usual')
    .option('--json', 'as JSON')
    .action((options: CacheCommandOptions) =>
      run(options, async (tty) => (await work()).cacheStatus(options, tty)),
    );
  cache
    .command('clear')
    .summary('forget everything: the next scan reads and judges everything again')
    .option('--cache <file>', 'another one than the usual')
    .action((options: CacheCommandOptions) =>
      run(options, async (tty) => (await work()).cacheClear(options, tty)),
    );
}
