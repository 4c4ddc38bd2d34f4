// What `make test` runs once everything is installed: the build, then vitest and, beside it, the checks of `npm run check`
// (each counts as one): tests wait more than they work. Tests whose Debian packages are missing are skipped by name; a few
// that fail are run once more, and those that pass then are named as unstable. The last line is the sum of it all.
import { spawn } from 'node:child_process';
import { access, glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '..');
/** Well under CI's patience; a hanging test must not hide which one it was. */
const VITEST_DEADLINE_MS = 45 * 60_000;
/** In files. More that fail together are no chance. */
const MOST_AGAIN = 3;
/** Of what a check prints, in characters: its end tells what is wrong. */
const MOST_SAID = 1_000_000;

const Manifest = z.object({ scripts: z.record(z.string(), z.string()) });
const Listed = z.array(z.object({ name: z.string(), file: z.string() }));
const Vitest = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

let passed = 0;
const failed: string[] = [];
const unstable: string[] = [];
const skipped: string[] = [];

/** Runs a program in the repository with our output; the exit code, or null when it was ended or never began. */
async function run(program: string, args: readonly string[], deadlineMs?: number): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      // The tests start what `build` has made: half the time of the sources.
      env: { ...process.env, TEST_PROGRAMS: 'dist' },
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: deadlineMs,
    });
    child.once('error', (error) => {
      console.error(error.message);
      resolve(null);
    });
    child.once('close', resolve);
  });
}

/** A script of package.json, counted; what it prints comes in one piece, when it has ended. */
async function runScript(name: string): Promise<void> {
  const began = performance.now();
  const { code, said } = await new Promise<{ code: number | null; said: string }>((resolve) => {
    const child = spawn('npm', ['run', '--silent', name], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (more: string) => (text = (text + more).slice(-MOST_SAID)));
    child.once('error', (error) => resolve({ code: null, said: error.message }));
    child.once('close', (ended) => resolve({ code: ended, said: text }));
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(said);
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (code === 0) passed += 1;
  else failed.push(`check: ${name}`);
}

/** `npm run check` is the list of the checks; here each is run, and counted, by itself. */
async function runChecks(): Promise<void> {
  const { scripts } = Manifest.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')));
  const steps = (scripts['check'] ?? '').split(' && ');
  for (const step of steps) await runScript(step.replace(/^npm run /, ''));
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The packages of test/packages.txt that are not there. */
async function missingPackages(): Promise<Set<string>> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const missing = new Set<string>();
  for (const line of (await readFile(join(ROOT, 'test/packages.txt'), 'utf8')).split('\n')) {
    const [name, proof] = line.trim().split(/\s+/);
    if (name === undefined || proof === undefined || name.startsWith('#')) continue;
    const places = proof.startsWith('/') ? [proof] : folders.map((folder) => join(folder, proof));
    const found = await Promise.all(places.map(isThere));
    if (!found.includes(true)) missing.add(name);
  }
  return missing;
}

interface TestFiles {
  /** Relative to the repository. */
  readonly able: readonly string[];
  /** And the missing packages that each says it cannot do without, in a line `// needs: package …`. */
  readonly inNeed: ReadonlyMap<string, readonly string[]>;
}

async function testFiles(missing: ReadonlySet<string>): Promise<TestFiles> {
  const able: string[] = [];
  const inNeed = new Map<string, string[]>();
  for await (const file of glob('{src,test}/**/*.test.ts', { cwd: ROOT, exclude: ['test/long/**'] })) {
    const needs = /^\/\/ needs: (.+)$/m.exec(await readFile(join(ROOT, file), 'utf8'))?.[1] ?? '';
    const lacking = needs.split(/[\s,]+/).filter((name) => missing.has(name));
    if (lacking.length > 0) inNeed.set(file, lacking);
    else able.push(file);
  }
  return { able, inNeed };
}

/** Names every test of the files that cannot run. */
async function skip(inNeed: TestFiles['inNeed'], folder: string): Promise<void> {
  const list = join(folder, 'list.json');
  // `--json` needs its `=`: without it the first file would be taken for its value, and overwritten.
  if ((await run('vitest', ['list', ...inNeed.keys(), `--json=${list}`])) !== 0) {
    failed.push('vitest could not list the tests that need missing packages');
    return;
  }
  for (const { name, file } of Listed.parse(JSON.parse(await readFile(list, 'utf8')))) {
    const path = file.slice(ROOT.length + 1);
    const packages = inNeed.get(path);
    if (packages !== undefined) skipped.push(`${path}: ${name} (needs ${packages.join(', ')})`);
  }
}

interface Failure {
  /** Relative to the repository. */
  readonly file: string;
  readonly what: string;
}

/** Runs these files, all there are when none is named, and counts what passed. What failed is for the caller. */
async function runVitest(
  files: readonly string[],
  folder: string,
  options: readonly string[] = [],
): Promise<Failure[]> {
  const report = join(folder, 'results.json');
  await rm(report, { force: true });
  const args = [
    'run',
    ...files,
    ...options,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const code = await run('vitest', args, VITEST_DEADLINE_MS);
  const failures = (await isThere(report))
    ? count(Vitest.parse(JSON.parse(await readFile(report, 'utf8'))))
    : [];
  if (code !== 0 && failures.length === 0) {
    failed.push(`vitest ended with ${code ?? 'no exit code, past its deadline'} and named no failed test`);
  }
  return failures;
}

function count({ testResults }: z.infer<typeof Vitest>): Failure[] {
  const failures: Failure[] = [];
  for (const { name: path, status, message, assertionResults } of testResults) {
    const file = path.slice(ROOT.length + 1);
    const before = failures.length;
    for (const { fullName, status: result } of assertionResults) {
      if (result === 'passed') passed += 1;
      else if (result === 'failed') failures.push({ file, what: fullName });
      else skipped.push(`${file}: ${fullName}`);
    }
    // A file that did not load, or whose set-up failed, has no failed test to show for it.
    if (status === 'failed' && failures.length === before)
      failures.push({ file, what: message?.split('\n')[0] ?? 'did not load' });
  }
  return failures;
}

/**
 * A few files with failures run once more, each by itself: a machine may be busy. What fails again has failed; what does not
 * is named `unstable`, which is a fault of the test or of what it tests, to be mended, but says nothing of the last change.
 */
async function runAgain(failures: readonly Failure[], folder: string): Promise<void> {
  const files = [...new Set(failures.map(({ file }) => file))];
  const named = ({ file, what }: Failure): string => `${file}: ${what}`;
  if (files.length > MOST_AGAIN) {
    failed.push(...failures.map(named));
    return;
  }
  // They are counted anew, whole.
  const [passedBefore, skippedBefore] = [passed, skipped.length];
  const again = new Set((await runVitest(files, folder, ['--no-file-parallelism'])).map(named));
  passed = passedBefore;
  skipped.length = skippedBefore;
  for (const line of failures.map(named)) {
    if (again.has(line)) continue;
    passed += 1;
    unstable.push(line);
  }
  failed.push(...again);
}

const missing = await missingPackages();
if (missing.size > 0) console.log(`missing packages: ${[...missing].join(' ')}`);
const { able, inNeed } = await testFiles(missing);
await runScript('build');
const checked = runChecks();
const folder = await mkdtemp(join(tmpdir(), 'backuplens-tests-'));
try {
  if (inNeed.size > 0) await skip(inNeed, folder);
  const failures = await runVitest(inNeed.size > 0 ? able : [], folder);
  await checked;
  if (failures.length > 0) await runAgain(failures, folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}

for (const line of skipped) console.log(`skipped: ${line}`);
for (const line of unstable) console.log(`unstable: ${line} (failed, and passed by itself)`);
for (const line of failed) console.log(`failed: ${line}`);
console.log(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
if (failed.length > 0) process.exitCode = 1;
