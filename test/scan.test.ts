import { execFileSync, spawnSync, type ChildProcess, type SpawnSyncReturns } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { report as reportSchema } from '../src/contracts/index.ts';
import { cli, ended, outline, scanJson, startCli } from './kit/cli.ts';
import { programPath } from './kit/program.ts';
import { MARKER } from './kit/marker.ts';
import { nameOf, tarOf } from './kit/trees.ts';

const NO_CLAMD = ['--clamd', 'off'];
const MAIN = programPath('cli/main');

let folder: string;
let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'scan-'));
  folder = join(work, 'backup');
  mkdirSync(folder);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

/** Everything but what no two runs share. */
async function steady(workers: string): Promise<unknown> {
  const { report } = await scanJson([...NO_CLAMD, '--workers', workers, folder]);
  return report.results.map((result) => ({ ...result, duration_ms: 0 }));
}

function put(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe('decisions', () => {
  test('a large blob of no known type is counted as seen raw only, and the summary says so', async () => {
    // No signature, no text, nothing that libmagic has a name for.
    const blob = Buffer.from(Array.from({ length: 200_000 }, (_, at) => ((at * at) % 251) & 0x9f));
    put('volume.blob', blob);
    put('small.blob', blob.subarray(0, 1000));
    const args = [...NO_CLAMD, '--no-color', folder];
    const { report } = await scanJson([...NO_CLAMD, folder]);
    expect(report.results.map(({ coverage }) => coverage.raw_only)).toEqual([
      undefined,
      { artifacts: 1, bytes: 200_000 },
    ]);
    expect((await cli(['scan', ...args])).stdout).toMatch(
      /seen raw only +1 artifact +195 KiB {2}of no known type, or packed in blocks of its own: not looked into/,
    );
  });

  test('a clean file is approved, a marker nested in archives is quarantined and named by its trail', async () => {
    put('notes.txt', 'buy milk\n');
    put('nightly.tar.gz', gzipSync(await tarOf({ 'up/inner.tar': await tarOf({ 'x.txt': `x ${MARKER}` }) })));
    const { code, report } = await scanJson([...NO_CLAMD, folder]);
    expect(code).toBe(1);
    expect(reportSchema.parse(report).schema).toBe('backuplens.report/1');
    expect(report.results.map((result) => `${result.decision} ${nameOf(result.path)}`)).toEqual([
      'quarantine nightly.tar.gz',
      'auto_approve notes.txt',
    ]);
    const findings = report.results[0]?.findings ?? [];
    expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['yara_match']));
    expect(findings.at(-1)?.trail).toEqual(['nightly.tar.gz', 'nightly.tar', 'up/inner.tar', 'x.txt']);
    expect(report.summary).toMatchObject({
      decision: 'quarantine',
      files: 2,
      quarantine: 1,
      auto_approve: 1,
    });
  });

  test('nobody having looked with either signature engine needs a person, by choice or not', async () => {
    put('notes.txt', 'buy milk\n');
    const { code, report } = await scanJson([...NO_CLAMD, '--yara', 'off', folder]);
    expect(code).toBe(3);
    expect(report.results.map(outline)).toEqual([
      `manual_review ${folder}/notes.txt: gap engine_off (clamav); gap engine_off (yara)`,
    ]);
  });

  test('clamd away is tolerated, told first, and makes the approval provisional; --strict does not tolerate it', async () => {
    put('notes.txt', 'buy milk\n');
    const away = ['--clamd', '127.0.0.1:1'];
    const text = await cli(['scan', ...away, folder]);
    expect(text.code).toBe(0);
    expect(text.stdout.split('\n').slice(0, 3).join('\n')).toContain(
      'ClamAV did not look: connection refused',
    );
    const { report } = await scanJson([...away, folder]);
    expect(report.results[0]).toMatchObject({
      decision: 'auto_approve',
      verdict: 'unknown',
      provisional: true,
    });
    expect(report.summary.provisional).toBe(1);
    const strict = await scanJson([...away, '--strict', folder]);
    expect([strict.code, strict.report.results[0]?.decision]).toEqual([3, 'manual_review']);
  });

  test('an engine that is required and away ends the run before anything is said to be approved', async () => {
    put('notes.txt', 'buy milk\n');
    const { code, stdout, stderr } = await cli([
      'scan',
      '--require',
      'clamav',
      '--clamd',
      '127.0.0.1:1',
      folder,
    ]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('clamav is required but away: ');
  });

  test('standard input is scanned as a file, and a tar stream is opened while it flows', async () => {
    const piped = await scanJson([...NO_CLAMD, '-'], {
      stdin: await tarOf({ 'a/b.txt': MARKER, 'c.txt': 'ok' }),
    });
    expect(piped.code).toBe(1);
    expect(piped.report.results[0]).toMatchObject({ path: '-', decision: 'quarantine' });
    expect(piped.report.results[0]?.findings.at(-1)?.trail).toEqual(['-', 'a/b.txt']);
    const plain = await scanJson([...NO_CLAMD, '-'], { stdin: Buffer.from('hello') });
    expect(plain.report.results[0]).toMatchObject({ size: 5, decision: 'auto_approve' });
  });

  test('the same files give the same report with one worker and with four', async () => {
    for (let at = 0; at < 60; at++)
      put(`d${at % 7}/f${at}`, at % 10 === 0 ? MARKER : `text ${at}\n`.repeat(at));
    const [one, four] = [await steady('1'), await steady('4')];
    expect(one).toHaveLength(60);
    expect(four).toEqual(one);
  });
});

describe('what is met on the way', () => {
  test('a path that does not exist fails the run but no other path', async () => {
    put('notes.txt', 'buy milk\n');
    const { code, report } = await scanJson([...NO_CLAMD, join(work, 'none'), folder]);
    expect(code).toBe(2);
    expect(report.errors).toEqual([
      { path: join(work, 'none'), code: 'BL_PATH_MISSING', message: 'no such file or folder' },
    ]);
    expect(report.results).toHaveLength(1);
  });

  test('links, FIFOs and empty files are listed or approved, never opened or waited for', async () => {
    put('empty', '');
    symlinkSync('/etc', join(folder, 'out'));
    symlinkSync('loop', join(folder, 'loop'));
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    const { code, report } = await scanJson([...NO_CLAMD, folder]);
    expect(code).toBe(0);
    expect(report.results.map(outline)).toEqual([`auto_approve ${folder}/empty: nothing`]);
    expect(report.skipped.map(({ path, reason }) => `${nameOf(path)}: ${reason}`)).toEqual([
      'fifo: fifo',
      'loop: symlink',
      'out: symlink',
    ]);
    expect(report.summary.outward_links).toBe(1);
    const strict = await scanJson([...NO_CLAMD, '--strict', folder]);
    expect(strict.report.results.map(outline)).toContain(
      `manual_review ${folder}/out: gap unreadable (intake)`,
    );
  });

  test('hostile names reach neither the terminal nor the JSON raw, and stay apart', async () => {
    put('new\nline\x1b[31mred', MARKER);
    for (const last of [0xe8, 0xe9]) {
      writeFileSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([last])]), MARKER);
    }
    const text = await cli(['scan', ...NO_CLAMD, folder]);
    // oxlint-disable-next-line no-control-regex
    expect(text.stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
    expect(text.stdout).toContain('caf\\xE8');
    expect(text.stdout).toContain('caf\\xE9');
    const { report } = await scanJson([...NO_CLAMD, folder]);
    expect(report.results.map(({ path_base64: bytes }) => bytes !== undefined)).toEqual([true, true, false]);
    expect(new Set(report.results.map(({ path }) => path)).size).toBe(3);
  });

  test('a report that is written into the scanned folder is not scanned', async () => {
    put('notes.txt', 'buy milk\n');
    const run = await cli(['scan', ...NO_CLAMD, '--format', 'json', '--output', 'report.json', '.'], {
      cwd: folder,
    });
    expect(run.code).toBe(0);
    const report = reportSchema.parse(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')));
    expect(report.results.map(({ path }) => path)).toEqual(['notes.txt']);
  });

  test('paths come from a list as well, by NUL bytes too', async () => {
    const paths = ['a\nb', 'c'].map((name) => put(name, 'x'));
    const { report } = await scanJson([...NO_CLAMD, '--files-from', '-'], {
      stdin: Buffer.from(paths.join('\0')),
    });
    expect(report.results.map(({ path }) => path)).toEqual(paths);
  });
});

describe('configuration', () => {
  test('a misspelt key ends the run with file, line, column and what was expected', async () => {
    const policy = join(work, 'scoring.yaml');
    writeFileSync(policy, 'weights:\n  yara_mach: 120\n');
    const { code, stderr } = await cli(['scan', '--scoring', policy, folder]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/scoring\.yaml:2:3: .*yara_mach.*yara_match/);
  });

  test('policy or rules inside what is scanned are refused', async () => {
    mkdirSync(join(folder, 'config'));
    writeFileSync(join(folder, 'config/scoring.yaml'), 'weights: {yara_match: 0}\n');
    const { code, stderr } = await cli(['scan', ...NO_CLAMD, '.'], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain('config/scoring.yaml');
    expect(stderr).toContain('hint: ');
  });

  test('a rules folder that cannot be read, or is not there, is an error and not a scan without rules', async () => {
    const { code, stderr } = await cli(['scan', ...NO_CLAMD, '--rules', join(work, 'none'), folder]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/rules .*none: no such file or folder/);
  });

  test('zero rules is a gap', async () => {
    put('notes.txt', 'buy milk\n');
    const rules = join(work, 'rules');
    mkdirSync(rules, { mode: 0o755 });
    const { report } = await scanJson([...NO_CLAMD, '--rules', rules, folder]);
    expect(report.results[0]?.gaps.map(({ by }) => by)).toContain('yara');
    expect(report.results[0]?.decision).toBe('manual_review');
  });

  test('wrong usage is told in a sentence with the next step', async () => {
    for (const args of [
      ['scan'],
      ['scan', '--frmat', 'json', '.'],
      ['scan', '--workers', 'many', '.'],
      ['scna'],
    ]) {
      const { code, stderr, stdout } = await cli(args);
      expect([args, code, stdout]).toEqual([args, 2, '']);
      expect(stderr).toMatch(/^backuplens: /);
      expect(stderr).toMatch(/hint: /);
    }
  });

  test('config show tells every value with where it came from', async () => {
    const { code, stdout } = await cli(['config', 'show', '--json'], {
      cwd: work,
      env: { NUM_WORKERS: '3' },
    });
    expect(code).toBe(0);
    const rows: { name: string; value: unknown; origin: string }[] = JSON.parse(stdout);
    expect(rows).toContainEqual(
      expect.objectContaining({ name: 'NUM_WORKERS', value: 3, origin: 'environment NUM_WORKERS' }),
    );
    expect(rows).toContainEqual(expect.objectContaining({ name: 'weights.yara_match', value: 120 }));
  });
});

describe('baseline', () => {
  test('what was judged once is listed as accepted and not counted again, until the content changes', async () => {
    put('kept.txt', MARKER);
    const baseline = join(work, 'baseline.json');
    expect((await cli(['scan', ...NO_CLAMD, '--write-baseline', baseline, folder])).code).toBe(1);
    const unjudged = await cli(['scan', ...NO_CLAMD, '--baseline', baseline, folder]);
    expect([unjudged.code, unjudged.stderr]).toEqual([2, expect.stringContaining('entries[0].why')]);
    writeFileSync(
      baseline,
      readFileSync(baseline, 'utf8').replaceAll('"why":""', '"why":"our own test file"'),
    );
    const { code, report } = await scanJson([...NO_CLAMD, '--baseline', baseline, folder]);
    expect([code, report.results[0]?.decision, report.results[0]?.score]).toEqual([0, 'auto_approve', 0]);
    expect(report.results[0]?.findings[0]?.accepted).toContain('our own test file');
    put('kept.txt', `${MARKER} and more`);
    expect((await scanJson([...NO_CLAMD, '--baseline', baseline, folder])).code).toBe(1);
  });
});

describe('endings', () => {
  test('Ctrl-C ends with 130, a complete partial report and an empty scratch folder', async () => {
    for (let at = 0; at < 40; at++) put(`f${at}`, `text ${at}`);
    const scratch = join(work, 'scratch');
    mkdirSync(scratch);
    // A tar stream that never ends keeps the scan busy until it is interrupted.
    const args = ['scan', ...NO_CLAMD, '--format', 'json', folder, '-'];
    const child = startCli(args, { env: { TMPDIR: scratch } });
    const end = ended(child);
    child.stdin?.on('error', () => undefined);
    child.stdin?.write('an unfinished ');
    await new Promise<void>((resolve) => {
      let seen = 0;
      child.stdout?.on('data', (text: string) => {
        seen += [...text.matchAll(/"verdict":/g)].length;
        if (seen >= 40) resolve();
      });
    });
    child.kill('SIGINT');
    const { code, stdout } = await end;
    expect(code).toBe(130);
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report.results).toHaveLength(40);
    expect(report.summary).toMatchObject({ interrupted: true, decision: 'manual_review' });
    expect(readdirSync(scratch)).toEqual([]);
  });

  test('what a killed scan has left in the scratch folder the next one removes, and nothing that is in use', async () => {
    const scratch = join(work, 'scratch');
    mkdirSync(scratch);
    // Not ours to judge: it does not say whose it is.
    mkdirSync(join(scratch, 'backuplens-nobody'), { mode: 0o700 });
    const owned = (): string[] =>
      readdirSync(scratch).filter((name) => existsSync(join(scratch, name, '.owner')));
    const waiting = async (before: readonly string[]): Promise<{ child: ChildProcess; name: string }> => {
      const child = startCli(['scan', ...NO_CLAMD, '-'], { env: { TMPDIR: scratch } });
      child.stdin?.on('error', () => undefined);
      const fresh = (): string | undefined => owned().find((name) => !before.includes(name));
      await expect.poll(fresh, { timeout: 60_000 }).toBeDefined();
      return { child, name: fresh() ?? '' };
    };
    const killed = await waiting([]);
    killed.child.kill('SIGKILL');
    await ended(killed.child);
    const alive = await waiting([killed.name]);
    put('a', 'x');
    const { code } = await scanJson([...NO_CLAMD, folder], { env: { TMPDIR: scratch } });
    expect(code).toBe(0);
    expect(owned()).toEqual([alive.name]);
    alive.child.stdin?.end();
    await ended(alive.child);
    expect(readdirSync(scratch)).toEqual(['backuplens-nobody']);
  });

  test('a reader that goes away ends the program quietly', async () => {
    for (let at = 0; at < 30; at++) put(`f${at}`, 'x');
    const line = `"$0" "$1" scan --clamd off --verbose "$2" | head -1`;
    const { stderr, stdout } = spawnSync('sh', ['-c', line, process.execPath, MAIN, folder], {
      encoding: 'utf8',
    });
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).toBe('');
  });

  test('an unwritable output is an error, not a lost report', async () => {
    put('a', 'x');
    const { code, stderr } = await cli([
      'scan',
      ...NO_CLAMD,
      '--output',
      join(work, 'no/where.json'),
      folder,
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('cannot write');
  });
});

/** Root may read everything: a command that has given up that right. */
function unprivileged(args: readonly string[]): SpawnSyncReturns<string> {
  const program = [process.execPath, MAIN, ...args];
  const drop = [
    'setpriv',
    '--bounding-set=-dac_override,-dac_read_search',
    '--inh-caps=-dac_override,-dac_read_search',
  ];
  const [command = '', ...rest] = process.geteuid?.() === 0 ? [...drop, ...program] : program;
  return spawnSync(command, rest, { encoding: 'utf8' });
}

/** Makes it unreadable for whom `unprivileged` runs. */
function lock(path: string): void {
  chmodSync(path, 0);
  if (process.geteuid?.() === 0) execFileSync('chown', ['65534', path]);
}

describe('permissions', () => {
  test('a file that may not be read is a gap, and costs no other file its scan', () => {
    lock(put('locked', 'secret'));
    put('open', 'x');
    const run = unprivileged(['scan', ...NO_CLAMD, '--format', 'json', folder]);
    const report = reportSchema.parse(JSON.parse(run.stdout));
    expect(run.status).toBe(3);
    expect(report.results.map(outline)).toEqual([
      `manual_review ${folder}/locked: gap unreadable (intake)`,
      `auto_approve ${folder}/open: gap engine_off (clamav)`,
    ]);
  });

  test('a rules folder that may not be read ends the run with what to do', () => {
    put('open', 'x');
    const rules = join(work, 'rules');
    mkdirSync(rules, { mode: 0o700 });
    chmodSync(rules, 0);
    const run = unprivileged(['scan', ...NO_CLAMD, '--rules', rules, folder]);
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/^backuplens: rules .*rules.*permission denied/);
    chmodSync(rules, 0o700);
  });
});

describe('files that do not hold still', () => {
  test('a file that grows while it is read, twice in a row, is a gap that needs a person', async () => {
    const path = put('growing.log', 'x'.repeat(3_000_000));
    const descriptor = openSync(path, 'a');
    const growing = setInterval(() => writeSync(descriptor, 'one more line\n'), 2);
    const { code, report } = await scanJson([...NO_CLAMD, folder]);
    clearInterval(growing);
    closeSync(descriptor);
    expect(code).toBe(3);
    expect(report.results[0]?.gaps.map(({ reason }) => reason)).toContain('changed');
    expect(report.results[0]?.sha256).toBeNull();
  });
});
