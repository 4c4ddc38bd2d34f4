/*
 * What identification costs and how often it agrees with names, on the files of this machine, beside libmagic:
 *   node bench/identify.ts [--seed N] [--count N] [--list] [DIR...]
 *   node bench/identify.ts --noise N
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, opendirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import wasmagic from 'wasmagic';
import { MIN_BYTES, shannon } from '../src/analyze/entropy/index.ts';
import { Profiler } from '../src/analyze/entropy/profile/profile.ts';
import { claimOf } from '../src/identify/claims.ts';
import { family, type Family } from '../src/identify/families.ts';
import { HEAD_BYTES, Identifier, TAIL_BYTES, type Glimpse } from '../src/identify/index.ts';
import { TYPES } from '../src/identify/types.ts';
import type { ContentType } from '../src/domain/index.ts';

const { values, positionals } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '3000' },
    list: { type: 'boolean', default: false },
    /** Instead of files: so many random blocks of 4 KiB, each called `a.docx`. */
    noise: { type: 'string' },
  },
  allowPositionals: true,
});
const DIRS = positionals.length > 0 ? positionals : ['/usr/bin', '/usr/share', '/etc', '/usr/lib'];

interface Sample {
  readonly path: string;
  readonly glimpse: Glimpse;
  readonly entropy: number;
}

/** Numerical Recipes' linear congruential generator: the same files for the same seed on the same machine. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function* files(directory: string): Generator<string> {
  const names: [string, boolean][] = [];
  try {
    const entries = opendirSync(directory);
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      if (entry.isDirectory() || entry.isFile()) names.push([entry.name, entry.isDirectory()]);
    }
    entries.closeSync();
  } catch {
    // Not readable for whoever runs the benchmark: left out of the sample.
    return;
  }
  for (const [name, isDirectory] of names.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (isDirectory) yield* files(join(directory, name));
    else yield join(directory, name);
  }
}

/** A reservoir sample of `count` paths. */
function choose(count: number, seed: number): string[] {
  const next = random(seed);
  const chosen: string[] = [];
  let seen = 0;
  for (const directory of DIRS) {
    for (const path of files(directory)) {
      const place = seen++ < count ? seen - 1 : Math.floor(next() * seen);
      if (place < count) chosen[place] = path;
    }
  }
  console.log(`${chosen.length} of ${seen} files below ${DIRS.join(' ')} (seed ${seed})\n`);
  return chosen;
}

function read(path: string): Sample {
  const fd = openSync(path, 'r');
  const size = fstatSync(fd).size;
  const part = (position: number, length: number): Buffer => {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(fd, buffer, 0, length, position));
  };
  const profiler = new Profiler();
  for (let at = 0; at < size; at += 1 << 20) profiler.add(part(at, Math.min(1 << 20, size - at)));
  const head = part(0, Math.min(size, HEAD_BYTES));
  const tail = size > HEAD_BYTES ? part(size - TAIL_BYTES, TAIL_BYTES) : null;
  closeSync(fd);
  const { counts, bytes } = profiler.close();
  const name = path.slice(path.lastIndexOf('/') + 1);
  return {
    path,
    glimpse: { head, tail, size, name },
    entropy: shannon(counts, bytes),
  };
}

function timed<T>(samples: readonly Sample[], ask: (sample: Sample) => T): { answers: T[]; us: number[] } {
  const us: number[] = [];
  const answers = samples.map((sample) => {
    const start = performance.now();
    const answer = ask(sample);
    us.push((performance.now() - start) * 1000);
    return answer;
  });
  return { answers, us };
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)} %`;
const mean = (all: readonly number[]): number =>
  all.reduce((sum, one) => sum + one, 0) / Math.max(1, all.length);
const quantile = (all: readonly number[], q: number): number =>
  all.toSorted((a, b) => a - b)[Math.floor(q * (all.length - 1))] ?? 0;
const cost = (us: readonly number[]): string =>
  `${mean(us).toFixed(0)} | ${quantile(us, 0.5).toFixed(0)} | ${quantile(us, 0.99).toFixed(0)} |`;

/** libmagic's other names for types of ours. */
const ALIASES: Readonly<Record<string, string>> = {
  'application/x-pie-executable': 'application/x-sharedlib',
  'application/x-gzip': 'application/gzip',
  'application/x-rar': 'application/vnd.rar',
  'application/x-zip': 'application/zip',
  'application/x-iso9660': 'application/x-iso9660-image',
  'application/x-sqlite3': 'application/vnd.sqlite3',
  'application/x-java-applet': 'application/java-vm',
  'application/x-wasm': 'application/wasm',
  'application/CDFV2': 'application/x-ole-storage',
  'application/vnd.ms-opentype': 'font/otf',
  'application/x-font-ttf': 'font/ttf',
  'text/rtf': 'application/rtf',
  'application/vnd.ms-cab-compressed': 'application/vnd.ms-cab-compressed',
  'application/x-dosexec': 'application/vnd.microsoft.portable-executable',
  'application/x-lzma': 'application/x-lzma',
  'application/x-xz-compressed': 'application/x-xz',
};
const TEXTS =
  /^(?:text\/|message\/|application\/(?:json|xml|javascript|x-ndjson|sql|pgp-|x-setupscript|x-wine-extension-ini|postscript|x-subrip))|^image\/svg/;

function familyOfMime(mime: string): Family {
  const alias = ALIASES[mime] ?? mime;
  const by: ContentType['by'] = TEXTS.test(mime) ? 'text' : 'signature';
  return family({ mime: alias, by, container: TYPES.get(alias)?.container ?? null });
}

async function noise(count: number, libmagic: boolean): Promise<void> {
  const one = await Identifier.create({ libmagic });
  const names = new Map<string, number>();
  let [silent, excused] = [0, 0];
  for (let i = 0; i < count; i++) {
    const type = one.identify({ head: randomBytes(4096), tail: null, size: 4096, name: 'a.docx' });
    if (type.by !== 'unknown') names.set(type.mime, (names.get(type.mime) ?? 0) + 1);
    if (type.contradiction === null) silent++;
    if (type.density !== 'unknown') excused++;
  }
  one.close();
  console.log(
    `${count} blocks of noise, ${libmagic ? 'all steps' : 'without libmagic'}:`,
    Object.fromEntries(names),
  );
  console.log(`without a contradiction: ${silent}; excused as compressed or plain: ${excused}`);
}

if (values.noise !== undefined) {
  await noise(Number(values.noise), false);
  await noise(Math.ceil(Number(values.noise) / 40), true);
  process.exit();
}

const samples = choose(Number(values.count), Number(values.seed)).map(read);
const full = await Identifier.create();
const own = await Identifier.create({ libmagic: false });
const startedAt = performance.now();
full.identify({ head: Buffer.from('\x80\x01\x02\x03\xfe\x81'), tail: null, size: 6, name: '' });
const startMs = performance.now() - startedAt;
// Warm the compilers: a scan runs for longer than this.
for (const { glimpse } of samples.slice(0, 300)) {
  own.identify(glimpse);
  full.identify(glimpse);
}

const ours = timed(samples, ({ glimpse }) => full.identify(glimpse));
const alone = timed(samples, ({ glimpse }) => own.identify(glimpse));
const { WASMagic } = wasmagic;
const magic = await WASMagic.create();
const wasm = timed(samples, ({ glimpse }) => magic.detect(glimpse.head));
const fileStart = performance.now();
const fileAnswers = execFileSync('file', ['--mime-type', '-b', '-f', '-'], {
  input: samples.map(({ path }) => path).join('\n'),
  encoding: 'utf8',
  maxBuffer: 64 << 20,
})
  .trimEnd()
  .split('\n');
const fileUs = ((performance.now() - fileStart) * 1000) / samples.length;

console.log('| cost, us a file | mean | median | 99th percentile |\n| --- | --- | --- | --- |');
console.log(`| identify, all steps | ${cost(ours.us)}`);
console.log(`| identify, without libmagic | ${cost(alone.us)}`);
console.log(`| wasmagic alone, 128 KiB | ${cost(wasm.us)}`);
console.log(`| file(1), one process for all | ${fileUs.toFixed(0)} | | |`);
console.log(`\nloading libmagic at the first file that needs it: ${startMs.toFixed(0)} ms\n`);

console.log('| decided by | files | mean us |\n| --- | --- | --- |');
for (const by of ['empty', 'signature', 'structure', 'text', 'libmagic', 'unknown'] as const) {
  const which = ours.answers.flatMap((answer, i) => (answer.by === by ? [ours.us[i] ?? 0] : []));
  console.log(`| ${by} | ${percent(which.length, samples.length)} | ${mean(which).toFixed(0)} |`);
}

const promising = samples.flatMap(({ glimpse }, i) => {
  const claim = claimOf(glimpse.name);
  return claim?.accepts && glimpse.head.length > 0 ? [{ i, accepts: claim.accepts }] : [];
});
console.log(`\n${promising.length} files with a name that promises a type of the table\n`);
console.log('| agrees with the name | yes | says nothing | something else |\n| --- | --- | --- | --- |');
const agreement = (tool: string, familyAt: (i: number) => Family, nothing: (i: number) => boolean): void => {
  let [yes, none, other] = [0, 0, 0];
  for (const { i, accepts } of promising) {
    if (nothing(i)) none++;
    else if (accepts.has(familyAt(i))) yes++;
    else other++;
  }
  const [a, b, c] = [yes, none, other].map((n) => percent(n, promising.length));
  console.log(`| ${tool} | ${a} | ${b} | ${c} |`);
};
const answer = (i: number): ContentType => ours.answers[i] ?? full.identify({ ...samples[i]!.glimpse });
agreement(
  'identify',
  (i) => family(answer(i)),
  (i) => answer(i).by === 'unknown',
);
for (const [tool, answers] of [
  ['wasmagic 1.0.10', wasm.answers],
  ['file(1)', fileAnswers],
] as const) {
  agreement(
    tool,
    (i) => familyOfMime(answers[i] ?? ''),
    (i) => answers[i] === 'application/octet-stream',
  );
}

const contradictions = ours.answers.filter(({ contradiction }) => contradiction !== null).length;
console.log(
  `\ncontradictions: ${contradictions} of ${samples.length} (${percent(contradictions, samples.length)})\n`,
);

console.log('| above 6.5 bits per byte | files | above | flagged |\n| --- | --- | --- | --- |');
const groups = new Map<string, { files: number; above: number; flagged: number }>();
for (const [i, { entropy, glimpse }] of samples.entries()) {
  const type = answer(i);
  const kind = family(type) === 'other' ? `other (${type.by})` : family(type);
  for (const key of ['all', kind]) {
    const group = groups.get(key) ?? { files: 0, above: 0, flagged: 0 };
    const above = entropy > 6.5;
    const flagged = above && type.density !== 'compressed' && (glimpse.size ?? 0) >= MIN_BYTES;
    group.files++;
    group.above += Number(above);
    group.flagged += Number(flagged);
    groups.set(key, group);
    if (flagged && key === 'all' && values.list) {
      console.error(`flagged ${entropy.toFixed(2)} ${type.mime} ${samples[i]?.path}`);
    }
  }
}
for (const [kind, { files: all, above, flagged }] of [...groups].toSorted(
  ([, a], [, b]) => b.files - a.files,
)) {
  console.log(`| ${kind} | ${all} | ${above} | ${flagged} |`);
}
if (values.list) {
  for (const [i, { path }] of samples.entries()) {
    const { contradiction, mime, by, claimed } = answer(i);
    if (contradiction !== null) console.error(`contradiction ${path}: ${contradiction}`);
    if (by === 'libmagic' || by === 'unknown') console.error(`${by} ${mime} (${claimed}) ${path}`);
    else if (wasm.answers[i] !== mime) console.error(`differs ${mime} | ${wasm.answers[i]} | ${path}`);
  }
}
full.close();
