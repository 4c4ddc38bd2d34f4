/*
 * How often encryption is found, and how often what is in order is taken for it (docs/detection.md):
 *   npm run bench:detection -- [--samples DIR] [--seed N] [--half tuning|untouched] [--without DIR] [--most N]
 *   npm run bench:detection -- --trees DIR,DIR,... [--clean]
 *   npm run bench:detection -- --take [--mail DIR]
 * `--without` leaves out what another corpus holds, `--kinds` and `--attacks` all but some, `--clean` the attacks.
 * Samples are taken from this machine and made with its tools on the first run, and kept in DIR.
 */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadRansomwareNames } from '../src/config/index.ts';
import { ATTACKS } from './detection/attacks.ts';
import { makeMail } from './detection/mail.ts';
import { takeSamples } from './detection/samples.ts';
import { contents, detection, falseAlarms, half, sha256 } from './detection/tables.ts';
import { SHARES, treeTable } from './detection/trees.ts';
import { Judge } from './detection/verdicts.ts';

const { values } = parseArgs({
  options: {
    samples: { type: 'string', default: join(tmpdir(), 'backuplens-detection') },
    seed: { type: 'string', default: '7' },
    take: { type: 'boolean', default: false },
    without: { type: 'string' },
    kinds: { type: 'string' },
    attacks: { type: 'string' },
    half: { type: 'string', default: 'tuning' },
    most: { type: 'string', default: '200' },
    trees: { type: 'string' },
    mail: { type: 'string' },
    clean: { type: 'boolean', default: false },
  },
});
/** Of the corpus, and of its cut into halves. */
const SEED = Number(values.seed);

if (values.take) {
  takeSamples(values.samples, SEED);
  if (values.mail !== undefined) makeMail(values.mail, values.samples, SEED);
  process.exit();
}
const judge = await Judge.open(loadRansomwareNames());
if (values.trees === undefined) {
  takeSamples(values.samples, SEED);
  const kinds = values.kinds?.split(',');
  const seen = values.without === undefined ? new Set<string>() : contents(values.without);
  const samples = half(values.samples, SEED, values.half === 'untouched' ? 'untouched' : 'tuning').filter(
    ({ kind, path }) => (kinds?.includes(kind) ?? true) && !seen.has(sha256(readFileSync(path))),
  );
  console.log(`${samples.length} files (${values.half})\n`);
  console.log((await falseAlarms(samples, judge)).join('\n'), '\n');
  const attacks = ATTACKS.filter(({ name }) => name.includes(values.attacks ?? ''));
  console.log((await detection(samples, judge, attacks, Number(values.most))).join('\n'));
} else {
  console.log((await treeTable(values.trees.split(','), values.clean ? [] : SHARES, judge)).join('\n'));
}
await judge.close();
