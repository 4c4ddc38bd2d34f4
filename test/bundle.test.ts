// needs: clamav clamav-daemon
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, sign } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eicarTestString } from '../src/analyze/clamav/index.ts';
import { partOf, readBundle, type TrustedKeys } from '../src/bundle/index.ts';
import { tarHeader } from '../src/bundle/tar-header.ts';
import { Machine, type Contents } from './kit/bundle/machine.ts';
import { startClamd, type RealClamd } from './kit/clamd/real.ts';
import { cli, scanJson, type Ended } from './kit/cli.ts';
import { allFiles, inStore, infected, launchService, newInstallation } from './kit/pipeline-service.ts';
import { programPath } from './kit/program.ts';
import { startProgram } from './kit/yara/program.ts';

let machine: Machine;
beforeEach(() => {
  machine = new Machine();
});
afterEach(() => machine.remove());

const rule = (name: string, text = name): string =>
  `rule ${name} { strings: $a = "${text}" condition: $a }\n`;
const signature = (name: string, text: string): string =>
  `${name}:0:*:${Buffer.from(text).toString('hex')}\n`;
/** The header of a signed collection. */
const daily = (version: number): string =>
  `ClamAV-VDB:0${version % 10} Nov 2026 03-26 -0500:${version}:2070000:90:x:x:x:1`.padEnd(512);
const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
const RULES: Contents = { 'yara-rules/a.yar': rule('A', 'marker of a') };
/** The least that a bundle can bring. */
const LIST: Contents = { 'hash-sets/bad/lab.txt': sha256('evil') };
/** The same and one more. */
const LISTS: Contents = { ...LIST, 'hash-sets/bad/more.txt': sha256('more evil') };

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof Error && 'code' in error
      ? `${String(error.code)}: ${error.message}`
      : String(error);
  }
  return 'taken';
}

const bundle = async (...args: string[]): Promise<Ended> =>
  cli(['bundle', ...args], { cwd: machine.cwd, env: machine.env });

/** A bundle whose manifest is signed rightly, and says what no maker of ours would write. */
const forged = (manifest: unknown, files: readonly Buffer[] = []): Buffer => {
  const bytes = Buffer.from(JSON.stringify(manifest));
  const signed = Buffer.concat([Buffer.from('backuplens.bundle/1\0'), bytes]);
  const made = sign(null, signed, createPrivateKey(readFileSync(machine.key.secret)));
  const signedBy = Buffer.from(
    JSON.stringify({ algorithm: 'ed25519', key: machine.key.id, signature: made.toString('base64') }),
  );
  return Buffer.concat([
    tarHeader('manifest.json', bytes.length),
    block(bytes),
    tarHeader('manifest.sig', signedBy.length),
    block(signedBy),
    ...files,
    Buffer.alloc(1024),
  ]);
};
const saying = (...files: readonly { readonly path: string; readonly size?: number }[]): unknown => ({
  schema: 'backuplens.bundle/1',
  serial: 1,
  created_at: new Date(Date.now() - 1000).toISOString(),
  expires_at: new Date(Date.now() + 86_400_000).toISOString(),
  made_by: 'x',
  note: '',
  files: files.map(({ path: name, size = 0 }) => ({ path: name, size, sha256: sha256('') })),
});

const block = (content: Buffer): Buffer =>
  Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);

const endAt = (step: string, what: 'import' | 'rollback', path: string): string | null => {
  const program = join(import.meta.dirname, 'kit/bundle/end-at.ts');
  return spawnSync(process.execPath, [program, step, what, machine.cwd, path], { env: process.env }).signal;
};
const databases = (): string[] =>
  readdirSync(join(machine.cwd, 'clamav-db'))
    .filter((name) => !name.startsWith('.'))
    .toSorted();

const found = async (): Promise<string[]> => {
  const { report } = await scanJson(['--yara', 'off', 'in'], { cwd: machine.cwd, env: machine.env });
  return report.results.flatMap(({ findings }) => findings.map((finding) => finding.rule));
};

const until = async (rules: readonly string[]): Promise<void> => {
  const deadline = performance.now() + 30_000;
  while (JSON.stringify(await found()) !== JSON.stringify(rules)) {
    if (performance.now() > deadline) throw new Error(`clamd does not come to find ${rules.join()}`);
    await sleep(100);
  }
};

const rules = async (): Promise<{ rule: string; namespace: string }[]> => {
  const { stdout } = await cli(['rules', 'list', '--json'], { cwd: machine.cwd, env: machine.env });
  const { rules: listed }: { rules: { rule: string; namespace: string }[] } = JSON.parse(stdout);
  return listed.map(({ rule: name, namespace }) => ({ rule: name, namespace }));
};

describe('from one machine to another', () => {
  test('create, verify, import and rollback carry rules, hashes, names and databases, and back', async () => {
    const online = join(machine.root, 'online');
    mkdirSync(join(online, 'rules/deep'), { recursive: true });
    for (const folder of ['db', 'bad']) mkdirSync(join(online, folder));
    writeFileSync(join(online, 'rules/deep/a.yar'), rule('A', 'marker of a'));
    writeFileSync(join(online, 'db/own.ndb'), signature('Own', 'marker of clam'));
    writeFileSync(join(online, 'db/blind.ign2'), 'Own\n');
    writeFileSync(join(online, 'bad/lab.csv'), `${sha256('evil')},Evil,lab\n`);
    const made = await cli(
      [
        'bundle',
        'create',
        '--key',
        machine.key.secret,
        '--output',
        'it.bundle',
        '--serial',
        '7',
        '--rules',
        'rules',
        '--clamav',
        'db',
        '--bad',
        'bad',
        '--note',
        'by hand',
      ],
      { cwd: online },
    );
    expect(made.code).toBe(0);
    expect(made.stderr).toContain('left out: db/blind.ign2');
    const path = join(online, 'it.bundle');
    expect(execFileSync('tar', ['tf', path], { encoding: 'utf8' }).split('\n')).toEqual([
      'manifest.json',
      'manifest.sig',
      'clamav/own.ndb',
      'yara-rules/deep/a.yar',
      'hash-sets/bad/lab.csv',
      '',
    ]);
    machine.place('in/evil.txt', 'evil');
    machine.place('in/rule.txt', 'marker of a');
    const scan = async (): Promise<string[]> => {
      const { report } = await scanJson(['in'], { cwd: machine.cwd, env: machine.env });
      return report.results.map((one) => one.findings.map(({ kind }) => kind).join());
    };
    const verified = await bundle('verify', path);
    expect(verified.code).toBe(0);
    expect(verified.stdout).toContain(`genuine and whole, signed by key ${machine.key.id}`);
    const imported = await bundle('import', path);
    expect(imported.stdout).toContain('ClamAV loads its databases');
    expect(imported.code).toBe(0);
    expect(await scan()).toEqual(['known_bad_hash', 'yara_match']);
    expect(readdirSync(join(machine.cwd, 'clamav-db')).toSorted()).toEqual([
      '.backuplens-bundle.json',
      'own.ndb',
    ]);
    expect((await bundle('rollback')).code).toBe(0);
    expect(await scan()).toEqual(['', '']);
    expect(readdirSync(join(machine.cwd, 'clamav-db'))).toEqual([]);
    const listed = await bundle('list');
    expect(listed.stdout).toMatch(/^no bundle is in force\n.*import .*\n.*rollback .*no bundle/);
    expect((await bundle('rollback')).code).toBe(1);
    // Ten programs one after another.
  }, 180_000);

  test('a setting that names others is told, since the bundle says nothing there', async () => {
    const path = await machine.make(RULES);
    machine.place('mine/b.yar', rule('B'));
    machine.env['YARA_RULES_DIR'] = join(machine.cwd, 'mine');
    const { stderr, code } = await bundle('import', path);
    expect(code).toBe(0);
    expect(stderr).toContain('its rules are not used: environment YARA_RULES_DIR names others');
  });

  test('rules and lists that somebody keeps on the machine stay in force beside the bundle', async () => {
    machine.place('yara-rules/mine.yar', rule('Mine', 'marker of mine'));
    machine.place('hash-sets/bad/mine.txt', sha256('mine'));
    await machine.import(await machine.make({ ...RULES, 'hash-sets/bad/lab.txt': sha256('theirs') }));
    machine.place('in/1', 'marker of mine');
    machine.place('in/2', 'marker of a');
    machine.place('in/3', 'mine');
    machine.place('in/4', 'theirs');
    const { report } = await scanJson(['in'], { cwd: machine.cwd, env: machine.env });
    expect(report.results.map(({ decision }) => decision)).toEqual(
      Array.from({ length: 4 }, () => 'quarantine'),
    );
  });
});

describe('beside the delivered rules', () => {
  const A = { rule: 'A', namespace: 'a' };

  test('a bundle adds its rules; what it brings of the delivered ones is there once', async () => {
    const delivered = await rules();
    expect(delivered.length).toBeGreaterThan(1);
    const marker = readFileSync(join(import.meta.dirname, '../yara-rules/test-marker.yar'));
    await machine.import(await machine.make({ ...RULES, 'yara-rules/test-marker.yar': marker }));
    expect(await rules()).toEqual([...delivered, A]);
    await machine.import(
      await machine.make({ ...RULES, 'yara-rules/test-marker.yar': rule('Other', 'of the same file name') }),
    );
    expect(await rules()).toEqual([...delivered, A, { rule: 'Other', namespace: 'test-marker#2' }]);
  });

  test('a running service takes them on SIGHUP, and goes on with the delivered ones', async () => {
    const installation = newInstallation({ BUNDLE_DIR: join(machine.cwd, 'bundles') });
    const { YARA_RULES_DIR: _none, ...env } = installation.env;
    const service = launchService(env, machine.cwd);
    try {
      await service.until(() => service.said('watching').length > 0, 'the start');
      const delivered = (await rules()).length;
      const path = await machine.make(RULES);
      expect((await bundle('import', path)).code).toBe(0);
      service.process.kill('SIGHUP');
      await service.until(
        () => service.log.some(({ msg }) => msg === 'rules read again' || msg.includes('not taken')),
        'the second reading',
      );
      expect(service.said('rules read again')[0]?.['rules']).toBe(delivered + 1);
      installation.put('new.txt', 'with the marker of a');
      installation.put('known.txt', infected());
      await service.until(async () => {
        const files = await allFiles(installation);
        return files.length === 2 && files.every(({ decision }) => decision !== null);
      }, 'both decisions');
      const files = await allFiles(installation);
      expect(files.map(({ decision }) => decision)).toEqual(['quarantine', 'quarantine']);
    } finally {
      await service.stop();
      installation.remove();
    }
  }, 120_000);
});

describe('a running service and bundles with fewer rules', () => {
  test('takes them on SIGHUP where somebody gave a reason or went back, not otherwise, and writes it all down', async () => {
    const installation = newInstallation({ BUNDLE_DIR: join(machine.cwd, 'bundles') });
    const { YARA_RULES_DIR: _none, ...env } = installation.env;
    machine.env['DATA_DIR'] = installation.data;
    const many = Array.from({ length: 100 }, (_, n) => rule(`Many${n}`)).join('');
    expect((await bundle('import', await machine.make({ 'yara-rules/many.yar': many }))).code).toBe(0);
    const service = launchService(env, machine.cwd);
    const readAgain = async (): Promise<void> => {
      const told = (): number =>
        service.log.filter(({ msg }) => msg === 'rules read again' || msg.includes('rules were not taken'))
          .length;
      const before = told();
      service.process.kill('SIGHUP');
      await service.until(() => told() > before, 'the second reading');
    };
    try {
      await service.until(() => service.said('watching').length > 0, 'the start');
      const all = (await rules()).length;

      // Somebody removes them: no bundle says so.
      const file = join(machine.cwd, 'bundles/current/yara-rules/many.yar');
      const held = readFileSync(file);
      writeFileSync(file, rule('Many0'));
      await readAgain();
      expect(service.log.at(-1)?.['rules']).toBe(all);
      expect(service.log.at(-1)?.msg).toBe('the rules were not taken: the old ones stay');
      writeFileSync(file, held);

      const fewer = await machine.make({ 'yara-rules/many.yar': rule('Many0') });
      const done = await bundle('import', fewer, '--force', 'the others were noise');
      expect(done.stderr).toContain('the service that runs writes it into its journal on SIGHUP');
      await readAgain();
      const [said] = service.said('fewer rules, as somebody wanted');
      expect(said).toMatchObject({ rules: all - 99, before: all });
      expect(said?.untrusted?.['wanted']).toMatch(/took 2-.* all the same: the others were noise$/);

      expect((await bundle('rollback')).code).toBe(0);
      await readAgain();
      expect(service.log.at(-1)?.['rules']).toBe(all);
      expect((await bundle('rollback', '--reason', 'back to the beginning')).code).toBe(0);
      await readAgain();
      expect(service.said('fewer rules, as somebody wanted').at(-1)).toMatchObject({ rules: all - 100 });
    } finally {
      await service.stop();
    }
    const again = await bundle('import', await machine.make(RULES));
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).not.toContain('journal');
    const written = await inStore(installation, async ({ journal }) => {
      const records = await journal.read({ after: 0, limit: 1000 });
      return records.filter(({ action }) => action.startsWith('bundle_'));
    });
    // Each once, whoever wrote it: the service when it started, on SIGHUP, and the command when no service ran.
    expect(written.map(({ action }) => action)).toEqual([
      'bundle_taken',
      'bundle_taken',
      'bundle_rolled_back',
      'bundle_rolled_back',
      'bundle_taken',
    ]);
    expect(written[1]?.detail).toMatch(
      /signed by key .*more than a tenth would be gone; reason: the others were noise$/,
    );
    expect(written[3]?.detail).toBe('no bundle is in force; reason: back to the beginning');
    installation.remove();
  }, 120_000);
});

describe('a yara-scanner elsewhere', () => {
  const token = 'a-token-of-at-least-thirty-two-characters';

  test('that wants a token gets it with /reload, and without one it is said what is missing', async () => {
    const scanner = await startProgram({
      YARA_RULES_DIR: machine.place('rules/one.yar', rule('One')).replace('/one.yar', ''),
      API_TOKEN: token,
    });
    try {
      const { hostname, port } = new URL(scanner.url ?? scanner.errors());
      Object.assign(machine.env, { YARA_HOST: hostname, YARA_PORT: port });
      const without = await machine.import(await machine.make(LIST));
      expect(without.told.at(-1)).toContain('wants a token (YARA_TOKEN_FILE)');
      machine.env['YARA_TOKEN_FILE'] = machine.place('yara-token', `${token}\n`);
      chmodSync(machine.env['YARA_TOKEN_FILE'], 0o600);
      const withIt = await machine.import(await machine.make(LISTS));
      expect(withIt.told.at(-1)).toContain('has read its rules again');
    } finally {
      await scanner.stop();
    }
  }, 60_000);
});

describe('what is not what was signed', () => {
  let keys: TrustedKeys;
  let path: string;
  let whole: Buffer;
  beforeEach(async () => {
    path = await machine.make({ ...RULES, ...LIST });
    keys = await machine.keys();
    whole = readFileSync(path);
  });
  const readOf = async (bytes: Buffer): Promise<string> => {
    writeFileSync(path, bytes);
    return refusal(readBundle(path, keys));
  };

  test('is refused whichever byte of it was changed', async () => {
    expect(await readOf(whole)).toBe('taken');
    const taken: number[] = [];
    // Every place in the two files in front, and every third behind.
    for (let at = 0; at < whole.length; at += at < 2048 ? 1 : 3) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x20;
      if (!(await readOf(changed)).startsWith('BL_BUNDLE')) taken.push(at);
    }
    expect(taken).toEqual([]);
  });

  test('is refused wherever it was cut short, and when something was added', async () => {
    const taken: number[] = [];
    for (let length = 0; length < whole.length; length += 256) {
      if (!(await readOf(whole.subarray(0, length))).startsWith('BL_BUNDLE')) taken.push(length);
    }
    expect(taken).toEqual([]);
    expect(await readOf(Buffer.concat([whole, Buffer.from('x')]))).toContain('something behind its end');
    const extra = Buffer.concat([
      whole.subarray(0, -1024),
      tarHeader('yara-rules/more.yar', 0),
      Buffer.alloc(1024),
    ]);
    expect(await readOf(extra)).toContain('more than its manifest names');
  });

  test('is refused when another key signed it, or when the key signed something else', async () => {
    const other = new Machine();
    const theirs = await other.make(LIST);
    const message = await refusal(readBundle(theirs, keys));
    expect(message).toContain(`signed by key ${other.key.id}, which is not trusted here`);
    other.remove();
    expect(await refusal(readBundle(path, new Map()))).toContain('not trusted here');
  });

  test.each([
    'yara-rules/../../../etc/cron.d/x.yar',
    '../a.yar',
    '/etc/a.yar',
    'yara-rules//a.yar',
    'yara-rules/.hidden.yar',
    'yara-rules/-rf.yar',
    'yara-rules/a\n.yar',
    'yara-rules/a\u202e.yar',
    'yara-rules\\a.yar',
    'yara-rules/x/./a.yar',
    'yara-rules/a.sh',
    'clamav/daily.ign2',
    'clamav/x.fp',
    'clamav/x.cfg',
    'clamav/x.ftm',
    'clamav/evil.cbc',
    'clamav/other.cvd',
    'clamav/sub/main.cvd',
    'policy/other.yaml',
    'lists/x.txt',
    'hash-sets/ugly/a.txt',
    'config/scoring.yaml',
    'manifest.json',
  ])('no bundle may hold %j, and one that is signed with it is refused', async (name) => {
    expect(partOf(name)).toBeNull();
    expect(await readOf(forged(saying({ path: name })))).toContain('a path that a bundle may hold');
  });

  test('bounds what a bundle says before anything is written: sizes, names, twins, another schema', async () => {
    expect(await readOf(forged(saying({ path: 'clamav/a.ndb', size: 9 * 1024 ** 3 })))).toContain(
      'files.0.size',
    );
    const many = ['a', 'b', 'c'].map((name) => ({ path: `clamav/${name}.ndb`, size: 8 * 1024 ** 3 - 1 }));
    expect(await readOf(forged(saying(...many)))).toContain('more than 17179869184 bytes');
    expect(await readOf(forged(saying({ path: 'clamav/a.ndb' }, { path: 'clamav/A.ndb' })))).toContain(
      'twice',
    );
    expect(await readOf(forged({ ...Object(saying({ path: 'clamav/a.ndb' })), more: 1 }))).toContain('more');
    expect(await readOf(forged(saying()))).toContain('files');
    expect(await readOf(forged(saying({ path: 'clamav/a.ndb' })))).toContain('not where it has to be');
    expect(await readOf(Buffer.from('no tar'))).toContain('cut short');
    expect(await readOf(Buffer.alloc(4096))).toContain('no bundle');
  });

  test('a link in the place of a file is no file', async () => {
    const at = whole.indexOf('yara-rules/a.yar', 2048);
    const linked = Buffer.from(whole);
    linked[at + 156] = 0x32;
    expect(await readOf(linked)).toContain('is not where it has to be');
  });

  test('refused as it is, it has changed nothing and left nothing behind', async () => {
    const changed = Buffer.from(whole);
    const at = changed.indexOf('marker of a', 1024);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(path, changed);
    expect(await refusal(machine.import(path))).toContain('its sum is not the one in the manifest');
    expect(readdirSync(join(machine.cwd, 'bundles/releases'))).toEqual([]);
    expect(await machine.inForce()).toBeNull();
  });
});

describe('a genuine bundle that something speaks against', () => {
  const force = { reason: 'told by telephone' };

  test.each([
    ['it expired', { created: -100, expires: -1 }, 'it expired at'],
    ['it is from a future', { created: 10, expires: 20 }, 'still to come'],
  ])('is refused because %s, unless there is a reason, which is recorded', async (_name, made, words) => {
    const path = await machine.make(LIST, made);
    expect(await refusal(machine.import(path))).toContain(words);
    expect(await machine.inForce()).toBeNull();
    await machine.import(path, force);
    const last = (await machine.releases.history()).at(-1);
    expect(last).toMatchObject({
      action: 'import',
      reason: force.reason,
      who: 'tester',
      key: machine.key.id,
    });
    expect(last?.against[0]).toContain(words);
  });

  test('is refused because a newer one was in force, also after going back from it', async () => {
    const older = await machine.make(LIST, { serial: 5 });
    await machine.import(await machine.make(LISTS, { serial: 6 }));
    expect(await refusal(machine.import(older))).toContain(
      'its serial is 5, and 6 was in force here already',
    );
    expect((await machine.releases.history()).map(({ action }) => action)).toEqual(['import', 'refused']);
    await machine.rollBack();
    expect(await refusal(machine.import(older))).toContain('it is older');
    await machine.import(older, force);
    expect((await machine.inForce())?.serial).toBe(5);
  });

  test('is refused for good when another one had its serial', async () => {
    await machine.import(await machine.make(LIST, { serial: 5 }));
    const twin = await machine.make(LISTS, { serial: 5 });
    expect(await refusal(machine.import(twin, force))).toContain('another bundle with the serial 5');
  });

  test('is refused when this clock runs behind its own last import', async () => {
    await machine.import(await machine.make(LIST, { serial: 1 }));
    const history = join(machine.cwd, 'bundles/history.jsonl');
    const later = new Date(Date.now() + 30 * 86_400_000).toISOString();
    writeFileSync(history, readFileSync(history, 'utf8').replace(/"at":"[^"]+"/, `"at":"${later}"`));
    const path = await machine.make(LISTS, { serial: 2 });
    expect(await refusal(machine.import(path))).toContain('whether it is expired cannot be known');
  });

  test('is refused when rules of it do not compile, or a tenth of them would be gone', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`yara-rules/r${n}.yar`, rule(`R${n}`)]),
    );
    await machine.import(await machine.make(many));
    const { 'yara-rules/r0.yar': _one, 'yara-rules/r1.yar': _two, ...fewer } = many;
    expect(await refusal(machine.import(await machine.make(fewer)))).toContain(
      '8 rules where 10 of a bundle are in force',
    );
    const broken = await machine.make({ ...many, 'yara-rules/broken.yar': 'rule X { condition: nowhere }' });
    expect(await refusal(machine.import(broken))).toContain('1 faults in its rule files');
    expect((await machine.inForce())?.serial).toBe(1);
    await machine.import(broken, force);
    expect((await machine.inForce())?.serial).toBe(3);
  });

  test('is refused when a collection of ClamAV in it is older than the one that is here', async () => {
    machine.env['PATH'] = '/nowhere'; // No clamscan, which takes nothing that ClamAV has not signed.
    const untested = { untestedDatabases: true };
    machine.place('clamav-db/daily.cld', daily(27_505));
    const older = await machine.make({ 'clamav/daily.cvd': daily(27_504) });
    expect(await refusal(machine.import(older, untested))).toContain(
      'its daily is version 27504 (2026-11-04T08:26:00Z), and 27505 (2026-11-05T08:26:00Z) is here: it is older',
    );
    expect(databases()).toEqual(['daily.cld']);
    const newer = await machine.make({ 'clamav/daily.cvd': daily(27_506), 'clamav/main.cvd': daily(62) });
    expect(await refusal(machine.import(newer, untested))).toBe('taken');
    expect(databases()).toEqual(['daily.cvd', 'main.cvd']);
    const forced = await machine.import(await machine.make({ 'clamav/daily.cvd': daily(27_504) }), {
      ...untested,
      ...force,
    });
    expect(forced.against).toHaveLength(1);
  });

  test('is refused when it brings no rules at all where those of a bundle are in force', async () => {
    await machine.import(await machine.make(RULES));
    const none = await machine.make(LIST);
    expect(await refusal(machine.import(none))).toContain('0 rules where 1 of a bundle are in force');
    await machine.import(none, force);
    expect((await machine.inForce())?.serial).toBe(2);
  });

  test('is refused when nothing of a part could be used, whatever the reason', async () => {
    const none = await machine.make({ 'yara-rules/broken.yar': 'rule X { condition: nowhere }' });
    expect(await refusal(machine.import(none, force))).toContain('not one of its rules compiles');
    const names = await machine.make({ 'lists/ransomware-names.txt': 'nonsense here\n' });
    expect(await refusal(machine.import(names, force))).toContain('BL_BUNDLE');
    const policy = await machine.make({ 'policy/scoring.yaml': 'weights: {clamav_infected: 1}\n' });
    expect(await refusal(machine.import(policy, { ...force, acceptPolicy: true }))).toContain('BL_BUNDLE');
    const database = await machine.make({ 'clamav/own.ndb': 'no signature at all\n' });
    expect(await refusal(machine.import(database, force))).toContain('ClamAV does not load its databases');
    expect(await machine.inForce()).toBeNull();
  });
});

test('a policy is only taken with --accept-policy, and only then in force', async () => {
  const path = await machine.make({ ...LIST, 'policy/scoring.yaml': 'weights: {high_entropy: 41}\n' });
  const weight = async (): Promise<number> => {
    const { stdout } = await cli(['config', 'show', '--json'], { cwd: machine.cwd, env: machine.env });
    const rows: { name: string; value: number }[] = JSON.parse(stdout);
    return rows.find(({ name }) => name === 'weights.high_entropy')?.value ?? -1;
  };
  expect((await machine.import(path)).policy).toBe('left');
  expect(await weight()).toBe(40);
  expect((await machine.import(path, { acceptPolicy: true })).policy).toBe('taken');
  expect(await weight()).toBe(41);
});

test('databases that cannot be tried are said to be untested, and want a flag', async () => {
  machine.env['PATH'] = '/nowhere';
  const path = await machine.make({ 'clamav/own.ndb': signature('Own', 'marker') });
  expect(await refusal(machine.import(path))).toContain('cannot be tested here');
  const { tried } = await machine.import(path, { untestedDatabases: true });
  expect(tried).toEqual(['ClamAV databases: NOT TESTED, there is no clamscan here']);
});

describe('keys', () => {
  test('that others could read or change are refused, as are secret ones among those that are trusted', async () => {
    chmodSync(machine.key.secret, 0o644);
    expect(await refusal(machine.make(LIST))).toContain('can be read by others');
    chmodSync(machine.key.secret, 0o600);
    const path = await machine.make(LIST);
    const folder = join(machine.cwd, 'keys');
    chmodSync(folder, 0o777);
    const open = await bundle('verify', path);
    expect(open.code).toBe(2);
    expect(open.stderr).toContain('can be written by everybody');
    chmodSync(folder, 0o755);
    machine.place('keys/secret.pem', readFileSync(machine.key.secret));
    expect((await bundle('verify', path)).stderr).toContain('only public ones belong here');
  });

  test('can be two at once, so that the next is trusted before the last one goes', async () => {
    const other = new Machine();
    machine.trust(other.key.trusted);
    await machine.import(await machine.make(LIST, { serial: 1 }));
    await machine.import(await other.make(LISTS, { serial: 2 }));
    const signers = (await machine.releases.history()).map(({ key }) => key);
    expect(signers).toEqual([machine.key.id, other.key.id]);
    rmSync(join(machine.cwd, 'keys', `bundle-${machine.key.id}.pem`));
    expect(await refusal(machine.import(await machine.make(LIST, { serial: 3 })))).toContain(
      'not trusted here',
    );
    other.remove();
  });
});

describe('ended at any moment', () => {
  const first: Contents = {
    ...LIST,
    'clamav/own.ndb': signature('First', 'marker of the first'),
    'clamav/gone.ndb': signature('Gone', 'marker that goes'),
  };
  const second: Contents = {
    ...LISTS,
    'clamav/own.ndb': signature('Second', 'marker of the second'),
  };
  test.each([
    ['received', 1],
    ['tried', 1],
    ['kept', 1],
    ['switched', 2],
    ['recorded', 2],
    ['placed', 2],
    ['told', 2],
  ])(
    'an import ended after it was %s leaves release %i whole in force, and is finished by the next one',
    async (step, serial) => {
      machine.place('clamav-db/own.ndb', signature('Mine', 'marker of mine'));
      await machine.import(await machine.make(first, { serial: 1 }));
      const path = await machine.make(second, { serial: 2 });
      expect(endAt(step, 'import', path)).toBe('SIGKILL');
      expect((await machine.inForce())?.serial).toBe(serial);
      await machine.import(path);
      expect((await machine.inForce())?.serial).toBe(2);
      expect(databases()).toEqual(['own.ndb']);
      expect(readFileSync(join(machine.cwd, 'clamav-db/own.ndb'), 'utf8')).toContain('Second');
      // Back to the first one, and to what was there before any.
      expect(await machine.rollBack()).toMatch(/^1-/);
      expect(databases()).toEqual(['gone.ndb', 'own.ndb']);
      expect(await machine.rollBack()).toBeNull();
      expect(readFileSync(join(machine.cwd, 'clamav-db/own.ndb'), 'utf8')).toContain('Mine');
      expect(databases()).toEqual(['own.ndb']);
      expect(
        readdirSync(join(machine.cwd, 'bundles/releases')).filter((name) => name.startsWith('.')),
      ).toEqual([]);
    },
  );

  test.each(['switched', 'recorded', 'placed'])(
    'a rollback ended after it was %s is finished by the next import',
    async (step) => {
      await machine.import(await machine.make(first, { serial: 1 }));
      await machine.import(await machine.make(second, { serial: 2 }));
      expect(endAt(step, 'rollback', '')).toBe('SIGKILL');
      expect((await machine.inForce())?.serial).toBe(1);
      await machine.import(await machine.make(second, { serial: 3 }));
      expect(databases()).toEqual(['own.ndb']);
      expect(await machine.rollBack()).toMatch(/^1-/);
    },
  );

  test('two at once are one after the other: the second is told who is at it', async () => {
    const path = await machine.make(LIST);
    let told = '';
    await machine.import(path, {}, (step) => {
      if (step !== 'tried') return;
      const { PATH } = process.env;
      const other = spawnSync(process.execPath, [programPath('cli/main'), 'bundle', 'import', path], {
        cwd: machine.cwd,
        env: { PATH, CLAMD_HOST: 'off' },
        encoding: 'utf8',
      });
      told = other.stderr;
    });
    expect(told).toContain(`process ${process.pid} is at work on bundles just now`);
  });

  test('a bundle without databases takes none away from clamd', async () => {
    await machine.import(await machine.make(first, { serial: 1 }));
    await machine.import(await machine.make(LISTS, { serial: 2 }));
    expect(databases()).toEqual(['gone.ndb', 'own.ndb']);
  });

  test('what a placing that was ended had placed is not taken for somebody else’s by a rollback', async () => {
    machine.place('clamav-db/own.ndb', signature('Mine', 'marker of mine'));
    await machine.import(await machine.make(first, { serial: 1 }));
    expect(endAt('recorded', 'import', await machine.make(second, { serial: 2 }))).toBe('SIGKILL');
    // As if it had ended within the placing: one file is the new one, and the note names both.
    const note = join(machine.cwd, 'clamav-db/.backuplens-bundle.json');
    const now = second['clamav/own.ndb'] ?? '';
    const { files }: { files: Record<string, string[]> } = JSON.parse(readFileSync(note, 'utf8'));
    writeFileSync(
      note,
      JSON.stringify({ files: { ...files, 'own.ndb': [...(files['own.ndb'] ?? []), sha256(now)] } }),
    );
    machine.place('clamav-db/own.ndb', now);
    await machine.rollBack();
    await machine.rollBack();
    expect(readFileSync(join(machine.cwd, 'clamav-db/own.ndb'), 'utf8')).toContain('Mine');
  });

  test('a link to the release in force that leads elsewhere is not followed', async () => {
    await machine.import(await machine.make(LIST));
    const current = join(machine.cwd, 'bundles/current');
    renameSync(current, `${current}.before`);
    symlinkSync('/etc', current);
    expect(await refusal(machine.releases.current())).toContain('leads elsewhere');
  });
});

describe('with a real clamd', () => {
  let clamd: RealClamd;
  const eicar = eicarTestString().toString('latin1');
  beforeEach(async () => {
    clamd = await startClamd({ signatures: [{ name: 'Eicar', text: eicar }], settings: { SelfCheck: 3600 } });
    machine.env['CLAMD_HOST'] = `unix:${clamd.unix.path}`;
    machine.env['CLAMAV_DB_DIR'] = clamd.databaseFolder;
    machine.place('in/file.txt', 'with the new marker in it');
  });
  afterEach(async () => clamd.stop());

  test('a new signature is found after the import, and no more after the rollback', async () => {
    expect(await found()).toEqual([]);
    const done = await machine.import(
      await machine.make({ 'clamav/new.ndb': signature('New', 'the new marker') }),
    );
    expect(done.tried).toEqual(['ClamAV loads its databases, and finds the canary with them']);
    expect(done.told.at(-1)).toBe('clamd has loaded the databases, and finds its canary with them');
    await until(['New.UNOFFICIAL']);
    await machine.rollBack();
    await until([]);
    expect(existsSync(join(clamd.databaseFolder, 'test.ndb'))).toBe(true);
  });

  test('databases that turn out to blind clamd only when it has loaded them go back by themselves', async () => {
    const first = await machine.make({ 'clamav/new.ndb': signature('New', 'the new marker') });
    expect((await machine.import(first)).told.at(-1)).toBe(
      'clamd has loaded the databases, and finds its canary with them',
    );
    await until(['New.UNOFFICIAL']);
    const path = machine.env['PATH'] ?? '';
    machine.env['PATH'] = '/nowhere'; // No clamscan that would have told before.
    const blind = await machine.make({ 'clamav/test.ndb': signature('Other', 'something else') });
    expect(await refusal(machine.import(blind, { untestedDatabases: true }))).toMatch(
      /^BL_BUNDLE: clamd no longer finds its canary: .*; what was in force before is in force again$/,
    );
    expect((await machine.inForce())?.serial).toBe(1);
    expect(readdirSync(clamd.databaseFolder).toSorted()).toEqual([
      '.backuplens-bundle.json',
      'new.ndb',
      'test.ndb',
    ]);
    expect(readFileSync(join(clamd.databaseFolder, 'test.ndb'), 'utf8')).toContain('Eicar');
    const history = await machine.releases.history();
    expect(history.slice(-2)).toMatchObject([
      { action: 'rollback', serial: 1 },
      { action: 'refused', serial: 2 },
    ]);
    machine.env['PATH'] = path;
    await until(['New.UNOFFICIAL']);
  }, 120_000);

  test('databases with which the canary is no longer found are refused before they replace the old', async () => {
    const blind = await machine.make({ 'clamav/test.ndb': signature('Other', 'something else') });
    expect(await refusal(machine.import(blind))).toContain('they would blind it');
    expect(readFileSync(join(clamd.databaseFolder, 'test.ndb'), 'utf8')).toContain('Eicar');
  });
});
