import { existsSync } from 'node:fs';
import { VerdictCache } from '../../cache/index.ts';
import { loadConfig } from '../../config/index.ts';
import { processEnvironment } from '../../config/start/index.ts';
import { forTerminal } from '../../report/index.ts';
import type { CommonOptions } from '../run.ts';
import { cacheChoice } from '../scan/cache-choice.ts';
import type { Tty } from '../tty.ts';

export interface CacheCommandOptions extends CommonOptions {
  readonly cache?: string;
  readonly json?: boolean;
}

export async function cacheStatus(options: CacheCommandOptions, tty: Tty): Promise<number> {
  const cache = await opened(options);
  if (cache === null) {
    if (options.json === true) tty.print('null');
    else tty.print('nothing is kept');
    return 1;
  }
  const { entries = 0, bytes = 0 } = cache.figures() ?? {};
  const { path, off, put_aside } = cache.state;
  await cache.close();
  if (options.json === true) tty.print(JSON.stringify({ path, entries, bytes, off, put_aside }));
  else {
    tty.print(`${forTerminal(path)}: ${entries} entries, ${bytes} bytes`);
    if (put_aside !== null) tty.print(`a damaged one was put aside as ${forTerminal(put_aside)}`);
    if (off !== null) tty.print(`it cannot be used: ${forTerminal(off)}`);
  }
  return off === null ? 0 : 1;
}

export async function cacheClear(options: CacheCommandOptions, tty: Tty): Promise<number> {
  const cache = await opened(options);
  if (cache === null) {
    tty.print('nothing is kept');
    return 1;
  }
  cache.forget(null);
  const { off, path } = cache.state;
  await cache.close();
  tty.print(off === null ? `emptied ${forTerminal(path)}` : `it cannot be used: ${forTerminal(off)}`);
  return off === null ? 0 : 1;
}

/** Null: there is none. */
async function opened({ cache: file }: CacheCommandOptions): Promise<VerdictCache | null> {
  const config = loadConfig({ cwd: process.cwd(), env: processEnvironment(), flags: { cache: file } });
  const { choice } = cacheChoice(config, processEnvironment(), [], {});
  if (choice === null || !existsSync(config.verdictCache.value ?? '')) return null;
  return VerdictCache.open(choice.cache);
}
