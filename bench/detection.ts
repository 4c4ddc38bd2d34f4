/*
 * How often encryption is found, and how often what is in order is taken for it (docs/detection.md):
 *   npm run bench:detection -- [--samples DIR] [--half tuning|untouched] [--most N] [--trees DIR,DIR,...]
 * Samples are taken from this machine and made with its tools on the first run, and kept in DIR.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadRansomwareNames } from '../src/config/index.ts';
import { takeSamples } from './detection/samples.ts';
import { detection, falseAlarms, half } from './detection/tables.ts';
import { treeTable } from './detection/trees.ts';
import { Judge } from './detection/verdicts.ts';

const { values } = parseArgs({
  options: {
    samples: { type: 'string', default: join(tmpdir(), 'backuplens-detection') },
    half: { type: 'string', default: 'tuning' },
    most: { type: 'string', default: '200' },
    trees: { type: 'string' },
  },
});
/** Of the corpus, and of its cut into halves. */
const SEED = 7;

const judge = await Judge.open(loadRansomwareNames());
if (values.trees === undefined) {
  takeSamples(values.samples, SEED);
  const samples = half(values.samples, SEED, values.half === 'untouched' ? 'untouched' : 'tuning');
  console.log(`${samples.length} files (${values.half})\n`);
  console.log((await falseAlarms(samples, judge)).join('\n'), '\n');
  console.log((await detection(samples, judge, Number(values.most))).join('\n'));
} else {
  console.log((await treeTable(values.trees.split(','), judge)).join('\n'));
}
await judge.close();
