import { parseArgs } from 'node:util';
import { programVersion } from '../../config/start/index.ts';
import { BackupLensError } from '../../domain/index.ts';

/** The clamav-updater program: has freshclam run where it is asked to, and clamd load what came of it. */
const flag = { type: 'boolean', default: false } as const;

function wanted(): { readonly help: boolean; readonly version: boolean } {
  try {
    return parseArgs({ options: { help: { ...flag, short: 'h' }, version: { ...flag, short: 'V' } } }).values;
  } catch (error) {
    throw new BackupLensError('BL_USAGE', error instanceof Error ? error.message : String(error), {
      hint: '--help shows what there is; settings come from the environment',
    });
  }
}

try {
  const { help, version } = wanted();
  if (help) process.stdout.write((await import('./help.ts')).HELP);
  else if (version) process.stdout.write(`clamav-updater ${programVersion()}\n`);
  else await (await import('./serve.ts')).serve();
} catch (error) {
  if (!(error instanceof BackupLensError)) throw error;
  const hint = error.hint === null ? '' : `hint: ${error.hint}\n`;
  process.stderr.write(`clamav-updater: ${error.message}\n${hint}`, () => process.exit(2));
}
