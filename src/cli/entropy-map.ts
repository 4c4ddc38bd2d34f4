import { InvalidArgumentError, type Command } from 'commander';
import { ENTROPY_THRESHOLD } from '../domain/index.ts';
import type { Run } from './run.ts';
import type { EntropyOptions } from './entropy-map/run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./entropy-map/run.ts');

const EXIT_CODES = `
Exit codes:
  0  every file was analyzed
  1  a file could not be analyzed; the others were
  2  wrong usage, or the output could not be written
`;

/** Describes the tool to commander: as a program of its own, and as \`backuplens entropy\`. */
export function describeEntropyMap(command: Command, name: string, run: Run): Command {
  return command
    .summary('show how entropy is distributed in files')
    .description(
      'Measures Shannon entropy line by line in text and in blocks of 1,024 bytes in everything else: how it is distributed, how it runs along the file, which threshold fits, and how much lies above that of the scan. Works in constant memory.',
    )
    .argument('<file...>', 'files to analyze')
    .option('--json', 'as JSON: an object for one file, a list for several')
    .option('--svg <picture>', 'also draw the entropy along the file; with one file only')
    .option('--threshold <bits>', 'count what lies above it, 0 to 8', bits, ENTROPY_THRESHOLD)
    .option('--quiet', 'no progress bar')
    .addHelpText(
      'after',
      `
Examples:
  ${name} incoming/sample.txt incoming/binary.dat
  ${name} --json config/scoring.yaml | jq .statistics
  ${name} --svg map.svg disk.img
${EXIT_CODES}`,
    )
    .action(async (files: string[], options: EntropyOptions) =>
      run(options, async (tty) => (await work()).entropyMap(files, options, tty)),
    );
}

function bits(text: string): number {
  const value = Number(text);
  if (!/^\d+(?:\.\d+)?$/.test(text) || value > 8)
    throw new InvalidArgumentError('expected bits per byte from 0 to 8');
  return value;
}
