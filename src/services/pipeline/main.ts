#!/usr/bin/env -S node --max-semi-space-size=2 --heap-growing-percent=25
/** The program backuplens-pipeline, and `backuplens watch`: watches INCOMING_DIR until it is told to end. */
import { parseArgs } from 'node:util';
import { programVersion } from '../../config/start/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { HELP } from './help.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({
      options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'V' } },
    });
    if (values.help === true) process.stdout.write(HELP);
    else if (values.version === true) process.stdout.write(`${programVersion()}\n`);
    else await (await import('./serve.ts')).serve();
    return 0;
  } catch (error) {
    process.stderr.write(wordsFor(error));
    return 2;
  }
}

function wordsFor(error: unknown): string {
  if (error instanceof BackupLensError) {
    const hint = error.hint === null ? '' : `  ${error.hint}\n`;
    return `backuplens-pipeline: ${error.code}: ${error.message}\n${hint}`;
  }
  const words = error instanceof Error ? error.message : String(error);
  return `backuplens-pipeline: ${words}\n  --help shows how it is used\n`;
}
