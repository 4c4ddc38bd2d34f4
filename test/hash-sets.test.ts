import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildTable } from '../src/analyze/hash-sets/index.ts';
import { importCollection } from '../src/cli/hashes/import.ts';
import { tarBytes } from './kit/archives/tar-bytes.ts';
import { cli, outline, scanJson, type Ended, type Result } from './kit/cli.ts';
import { seeded } from './kit/seeded.ts';
import { NASTY_NAMES } from './kit/nasty-names.ts';
import { newInstallation, startService, allFiles } from './kit/pipeline-service.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'hash-sets-cli-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function place(name: string, content: string | Buffer): string {
  const path = join(cwd, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const of = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
const ENGINES_OFF = ['--clamd', 'off', '--yara', 'off'];
const scan = async (...args: string[]): ReturnType<typeof scanJson> =>
  scanJson([...ENGINES_OFF, ...args], { cwd });
const hashes = async (...args: string[]): Promise<Ended> => cli(['hashes', ...args], { cwd });

/** With rules that find nothing: without any engine, everything is for review. */
const judged = async (): Promise<Result> =>
  only((await scanJson(['--clamd', 'off', '--rules', 'rules', 'in'], { cwd })).report.results);

function only(results: readonly Result[]): Result {
  const [result, ...more] = results;
  if (result === undefined || more.length > 0) throw new Error('not one result');
  return result;
}

describe('a scan', () => {
  test('quarantines what is known bad, the file itself as well as a member, with its name and source', async () => {
    const evil = 'content that a list knows';
    place('hash-sets/bad/lab.csv', `${of(evil)},"Evil, Inc.",a lab\n`);
    place('in/plain.txt', evil);
    place('in/box.tar', tarBytes([{ name: 'deep/inside.txt', content: evil }]));
    const { code, report } = await scan('in');
    expect(code).toBe(1);
    expect(report.results.map(outline)).toEqual([
      'quarantine in/box.tar: known_bad_hash › Evil, Inc. › deep/inside.txt; gap engine_off (clamav); gap engine_off (yara)',
      'quarantine in/plain.txt: known_bad_hash › Evil, Inc.; gap engine_off (clamav); gap engine_off (yara)',
    ]);
    expect(report.results[1]).toMatchObject({ verdict: 'malicious', score: 200 });
    expect(report.results[1]?.findings[0]?.evidence).toEqual({
      name: 'Evil, Inc.',
      source: 'a lab',
      list: 'lab.csv',
      also_known_good: false,
    });
    expect(report.engines.hash_sets).toMatchObject({ status: 'ok', bad: 1, good: 0, files: 1, rejected: [] });
    expect(report.used.map(({ path }) => path)).toContain(join(cwd, 'hash-sets/bad'));
  });

  test('examines what is known good all the same, lists its guesses as accepted, and says so', async () => {
    const draw = seeded(5);
    const noise = Buffer.from(Array.from({ length: 64 * 1024 }, () => Math.floor(draw() * 256)));
    place('in/table.csv', noise);
    place('rules/r.yar', 'rule Never { condition: false }');
    const before = await judged();
    expect(before.decision).toBe('manual_review');
    place('hash-sets/good/vendor.txt', `${of(noise)},table,vendor\n`);
    const after = await judged();
    expect(after).toMatchObject({ decision: 'auto_approve', score: 0 });
    expect(after.findings.map(({ kind }) => kind)).toEqual(before.findings.map(({ kind }) => kind));
    expect(
      after.findings.every(({ accepted }) => accepted === 'known good as table (vendor, in vendor.txt)'),
    ).toBe(true);
    expect(after.measurements).toContainEqual(
      expect.objectContaining({ name: 'known_good', value: 'known good as table (vendor, in vendor.txt)' }),
    );
  });

  test('does not let a list of good ones excuse a rule, a bad list, or a program under another name', async () => {
    const program = readFileSync(process.execPath).subarray(0, 8192);
    place('in/photo.jpg', program);
    place('in/rule.txt', 'marked by a rule');
    place('in/both.txt', 'in both lists');
    const all = [program, 'marked by a rule', 'in both lists'].map(of).join('\n');
    place('hash-sets/good/all.txt', all);
    place('hash-sets/bad/one.txt', of('in both lists'));
    place('rules/r.yar', 'rule Marked { strings: $a = "marked by a rule" condition: $a }');
    const { report } = await scanJson(['--clamd', 'off', '--rules', 'rules', 'in'], { cwd });
    const found = report.results.map(({ path, findings }) =>
      [path, ...findings.filter(({ accepted }) => accepted === undefined).map(({ kind }) => kind)].join(' '),
    );
    expect(found).toEqual([
      'in/both.txt known_bad_hash',
      'in/photo.jpg mime_mismatch',
      'in/rule.txt yara_match',
    ]);
    expect(report.engines.hash_sets).toMatchObject({ bad: 1, good: 2, in_both: 1 });
  });

  test('says loudly which lines it rejected, and which hashes are in both kinds of lists', async () => {
    place('hash-sets/bad/a.txt', `${of('x')}\nnonsense\n`);
    place('hash-sets/good/b.txt', of('x'));
    place('in/file.txt', 'some text');
    const { stdout } = await cli(['scan', ...ENGINES_OFF, 'in'], { cwd });
    expect(stdout).toContain(
      'Hashes: 1 known bad and 0 known good from 2 lists, 1 of them both: they count as bad, 1 line rejected',
    );
    expect(stdout).toContain('a.txt:2 expected a SHA-256');
  });

  test('lets no name out of a list reach a terminal raw', async () => {
    const names = NASTY_NAMES.map(({ name }) => name.replaceAll(/[\r\n]/g, ' '));
    const lines = names.map((name, n) => `${of(`content ${n}`)},"${name.replaceAll('"', '""')}",x`);
    place('hash-sets/bad/nasty.csv', lines.join('\n'));
    for (const n of names.keys()) place(`in/${n}.txt`, `content ${n}`);
    const { stdout, code } = await cli(['scan', ...ENGINES_OFF, '--verbose', 'in'], { cwd });
    expect(code).toBe(1);
    // oxlint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    expect(stdout.match(/known_bad_hash/g)?.length).toBeGreaterThanOrEqual(names.length);
  });

  test('refuses lists that lie in what is scanned', async () => {
    place('in/bad/a.txt', of('x'));
    const { code, stderr } = await cli(['scan', ...ENGINES_OFF, 'in'], {
      cwd,
      env: { KNOWN_BAD_DIR: join(cwd, 'in/bad') },
    });
    expect(code).toBe(2);
    expect(stderr).toContain('hashes');
    expect(stderr).toContain('lies inside the scanned path');
  });

  test('ends with 2 for a folder of lists that was named and is not there', async () => {
    place('in/a.txt', 'text');
    const { code, stderr } = await cli(['scan', ...ENGINES_OFF, 'in'], {
      cwd,
      env: { KNOWN_GOOD_DIR: './nowhere' },
    });
    expect(code).toBe(2);
    expect(stderr).toContain('no such file or folder');
  });
});

test('the service reads lists again on SIGHUP, counts them, and keeps the old ones when they cannot be read', async () => {
  const installation = newInstallation({ KNOWN_BAD_DIR: join(cwd, 'bad') });
  place('bad/a.txt', of('first'));
  const service = await startService(installation.env);
  try {
    expect(await service.metric('backuplens_hashes{set="bad"}')).toBe(1);
    place('bad/b.txt', `${of('second')}\nnonsense\n`);
    service.process.kill('SIGHUP');
    await service.until(() => service.said('rules read again').length === 1, 'the second reading');
    expect(await service.metric('backuplens_hashes{set="bad"}')).toBe(2);
    expect(await service.metric('backuplens_hash_lines_rejected')).toBe(1);
    installation.put('bad.txt', 'second');
    await service.until(async () => {
      const files = await allFiles(installation);
      return files.some(({ decision }) => decision === 'quarantine');
    }, 'the quarantine');
    const status = await cli(['status'], { cwd, env: { DATA_DIR: installation.data } });
    expect(status.stdout).toContain('1 rules, 2 bad and 0 good hashes (as of the last scan)');
    rmSync(join(cwd, 'bad'), { recursive: true });
    service.process.kill('SIGHUP');
    await service.until(
      () => service.log.some(({ msg }) => msg.includes('not taken: the old')),
      'the refusal',
    );
    expect(await service.metric('backuplens_hashes{set="bad"}')).toBe(2);
  } finally {
    await service.stop();
    installation.remove();
  }
});

const imported = (name: string): string[] =>
  readFileSync(join(cwd, 'hash-sets', name), 'utf8')
    .trimEnd()
    .split('\n');

describe('hashes', () => {
  test('check names what is wrong, list counts, and both say so by their exit codes', async () => {
    place('hash-sets/bad/a.txt', `${of('x')}\n${of('y')}\nnonsense\n`);
    place('hash-sets/good/b.txt', of('x'));
    const checked = await hashes('check');
    expect(`${checked.stdout}${checked.stderr}exit code ${checked.code}`).toMatchInlineSnapshot(`
      "a.txt:3  expected a SHA-256 (64 hexadecimal digits), or SHA-256,name,source
      1 line rejected, 1 hash bad and good at once: bad wins; 2 hashes in 2 lists
      exit code 1"
    `);
    const listed = await hashes('list');
    expect(`${listed.stdout}${listed.stderr}exit code ${listed.code}`).toMatchInlineSnapshot(`
      "bad               2  a.txt
      good              1  b.txt
      2 known bad, 0 known good
      backuplens: warning: 1 line rejected
      hint: backuplens hashes check names them
      exit code 0"
    `);
  });

  const A = of('a');
  const B = of('b');
  const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';
  test.each([
    [
      'MalwareBazaar',
      `################\n# MalwareBazaar full malware samples dump\n#\n# "first_seen_utc","sha256_hash","md5_hash","sha1_hash","reporter","file_name","file_type_guess","mime_type","signature","clamav","vtpercent","imphash","ssdeep","tlsh"\r\n"2026-01-01 00:00:00", "${A}", "${MD5}", "x", "abuse_ch", "a,b.exe", "exe", "application/x-dosexec", "Emotet", "n/a", "n/a", "n/a", "n/a", "n/a"\r\n"2026-01-02 00:00:00", "${B}", "${MD5}", "x", "r", "b.exe", "exe", "x", "n/a", "n/a", "n/a", "n/a", "n/a", "n/a"\r\n# Number of entries: 2\r\n`,
      [`${A},Emotet,S`, `${B},b.exe,S`],
    ],
    [
      'a CSV with a header of its own',
      `"SHA-256","SHA-1","MD5","FileName"\n"${A.toUpperCase()}","","","calc ""x"".exe"\n"","1","2","only others"\n"${B}","","","b"\n`,
      [`${A},"calc ""x"".exe",S`, `${B},b,S`],
    ],
    [
      'hashlookup',
      `{"SHA-256":"${A}","FileName":"./usr/bin/a","hashlookup:trust":55}\n{"SHA-1":"x"}\n{"SHA-256":"${B}","FileName":"b"}\n`,
      [`${A},./usr/bin/a,S`, `${B},b,S`],
    ],
    [
      'hashdeep',
      `%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n## Invoked from: /\n##\n1,${MD5},${A},/a, with comma\n2,${MD5},${B},/b\n`,
      [`${A},"/a, with comma",S`, `${B},/b,S`],
    ],
    ['sha256sum', `${A}  a file\n${B} *b\n`, [`${A},a file,S`, `${B},b,S`]],
    ['sha256sum --tag', `SHA256 (a (1)) = ${A}\nSHA256 (b) = ${B}\n`, [`${A},a (1),S`, `${B},b,S`]],
    ['plain', `# ours\n${A},name a,x\n${B}\n`, [`${A},name a,S`, `${B},,S`]],
  ])('import reads %s', async (_name, text, lines) => {
    const folder = join(cwd, 'hash-sets/good');
    const from = place('it.txt', text);
    const wanted = { from, kind: 'good', folder, name: 'it', source: 'S', replace: false } as const;
    expect(await importCollection(wanted)).toMatchObject({ hashes: 2, rejected_lines: 0 });
    expect(imported('good/it.csv')).toEqual(lines);
    const { state } = await buildTable([{ kind: 'good', path: folder }], join(cwd, 'table'));
    expect(state).toMatchObject({ good: 2, rejected_lines: 0 });
  });

  test('import reads the database of the NSRL row by row', async () => {
    const path = join(cwd, 'RDS_2026_modern.db');
    const database = new DatabaseSync(path);
    database.exec(
      'CREATE TABLE FILE (sha256 VARCHAR, sha1 VARCHAR, md5 VARCHAR, file_name VARCHAR, package_id INTEGER)',
    );
    const insert = database.prepare('INSERT INTO FILE VALUES (?, ?, ?, ?, ?)');
    for (const [sha256, name] of [
      [A, 'a.dll'],
      [A, 'a.dll'],
      [B, 'b,1.dll'],
      ['broken', 'c'],
    ] as const) {
      insert.run(sha256.toUpperCase(), '', '', name, 1);
    }
    database.close();
    const { code, stderr, stdout } = await hashes('import', '--as', 'good', '--source', 'NSRL', path);
    expect(`${stderr}${code}`).toContain('a row without a SHA-256\n1');
    expect(stdout).toContain('2 hashes from NSRL RDSv3 (SQLite)');
    expect(imported('good/RDS_2026_modern.csv')).toEqual([`${A},a.dll,NSRL`, `${B},"b,1.dll",NSRL`]);
  });

  test.each([
    ['VirusShare', `#\n# Malware sample MD5 list\n#\n${MD5}\n`, 'MD5 or SHA-1 only'],
    [
      'the older NSRL',
      `"SHA-1","MD5","CRC32","FileName"\n"${'0'.repeat(40)}","${MD5}","x","a"\n`,
      'MD5 or SHA-1 only',
    ],
    ['hashdeep with MD5', `%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n1,${MD5},/a\n`, 'MD5 or SHA-1 only'],
    ['a zip', Buffer.from('504b0304140000000000', 'hex'), 'packed'],
    ['what is none', 'hello\n', 'none of the formats'],
    ['only comments', '# a\n# b\n', 'nothing but comments'],
    ['another database', Buffer.from('SQLite format 3\0 and no more', 'latin1'), 'not read to its end'],
  ])('import refuses %s, says why, and writes nothing', async (_name, content, why) => {
    const folder = join(cwd, 'hash-sets/bad');
    const from = place('it.txt', content);
    const wanted = { from, kind: 'bad', folder, name: 'it', source: 'S', replace: false } as const;
    await expect(importCollection(wanted)).rejects.toThrow(why);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('import overwrites nothing unasked, leaves malicious entries out of good lists, and counts what it rejects', async () => {
    const text = `{"SHA-256":"${A}","KnownMalicious":"x"}\n{"SHA-256":"${B}"}\nnonsense\n`;
    const path = place('it.json', text);
    const first = await hashes('import', '--as', 'good', path);
    expect(first.code).toBe(1);
    expect(first.stdout).toContain('1 left out');
    expect(first.stderr).toContain('line 3: no JSON');
    expect(imported('good/it.csv')).toEqual([`${B},,it`]);
    const again = await hashes('import', '--as', 'good', path);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('is there already');
    expect((await hashes('import', '--as', 'good', '--replace', path)).code).toBe(1);
  });
});
