import { generateKeyPairSync } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gateCommand } from '../src/cli/gate.ts';
import { journalCommand } from '../src/cli/journal.ts';
import { quarantineCommand } from '../src/cli/quarantine.ts';
import { reviewCommand } from '../src/cli/review.ts';
import { statusCommand } from '../src/cli/status.ts';
import { storeCommand } from '../src/cli/store.ts';
import type { CommandIo } from '../src/cli/command-io.ts';
import type { Folders } from '../src/config/folders/index.ts';
import { carryOut } from '../src/pipeline/reviews/index.ts';
import { forTerminal } from '../src/report/index.ts';
import { ownCheckpointKey, signCheckpoint } from '../src/store/checkpoints/index.ts';
import { openStore, type ScanRecord, type WatchedFile } from '../src/store/index.ts';
import { identityOf, sha256 } from './kit/dispose/store.ts';
import { cli, scanJson } from './kit/cli.ts';
import { MARKER } from './kit/marker.ts';
import { NASTY_NAMES } from './kit/nasty-names.ts';
import { finding } from './kit/sample-report.ts';
import { approved, forQuarantine, forReview } from './kit/store/makers.ts';

let work: string;
let folders: Folders;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'store-cli-'));
  const at = (name: string) => join(work, name);
  mkdirSync(at('incoming'));
  folders = {
    dataDir: at('data'),
    incomingDir: at('incoming'),
    quarantineDir: at('quarantine'),
    reviewDir: at('review'),
    approvedDir: null,
    restoreRoots: null,
  };
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

const COMMANDS = {
  gate: gateCommand,
  journal: journalCommand,
  quarantine: quarantineCommand,
  review: reviewCommand,
  status: statusCommand,
  store: storeCommand,
};

interface Said {
  out: string;
  err: string;
  code: number | null;
}

async function run(name: keyof typeof COMMANDS, ...args: string[]): Promise<Said> {
  const said: Said = { out: '', err: '', code: null };
  const io: CommandIo = {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    escape: forTerminal,
    folders: () => folders,
    exit: (code) => void (said.code = code),
  };
  await COMMANDS[name](io).parseAsync(args, { from: 'user' });
  return said;
}

/** What `--json` gives, as far as these tests look at it: a list, or an object. */
interface Row {
  readonly id: string;
  readonly path: string;
  readonly state: string;
  readonly what: string;
}
interface Json extends ReadonlyArray<Row> {
  readonly problems: readonly Row[];
  readonly entered: readonly string[];
  readonly replaced: string;
  readonly files: Readonly<Record<string, number>>;
}
const NONE: Row = { id: 'none', path: '', state: '', what: '' };

async function json(name: keyof typeof COMMANDS, ...args: string[]): Promise<Json> {
  const value: Json = JSON.parse((await run(name, ...args, '--json')).out);
  return value;
}

/** What `scan --apply` does with a file once it is decided. */
async function decided(
  name: string | Buffer,
  bytes: string,
  scan: (more: object) => ScanRecord,
): Promise<WatchedFile> {
  const path = Buffer.concat([Buffer.from(`${folders.incomingDir}/`), Buffer.from(name)]);
  writeFileSync(path, bytes);
  const store = await openStore({
    dataDir: folders.dataDir,
    who: 'a test',
    what: 'a test',
    waitMs: 0,
    leftOver: async () => null,
  });
  try {
    const record = scan({ sha256: sha256(bytes), size: bytes.length });
    const met = {
      path,
      identity: identityOf(path),
      share: Buffer.alloc(0),
      lane: 'fresh',
      never_settled: false,
    } as const;
    const file = await store.files.recordAt(met, record);
    await carryOut(store, file, { places: folders, who: 'a test', toolVersion: '0', breaker: null });
    return (await store.files.get(file.id)) ?? file;
  } finally {
    await store.close();
  }
}

test('before there is a store, everything is empty, and only the gate and the store’s own commands cannot tell', async () => {
  expect(await run('status')).toMatchObject({ code: 0, err: expect.stringContaining('there is no store') });
  expect(await run('review', 'list')).toMatchObject({
    code: 0,
    err: 'backuplens: nothing waits for a review\n',
  });
  expect(await run('journal', 'verify')).toMatchObject({ code: 0 });
  writeFileSync(join(work, 'x'), 'x');
  expect(await run('gate', join(work, 'x'))).toMatchObject({ code: 2, out: '' });
  expect(await run('store', 'check')).toMatchObject({ code: 2 });
  expect(await run('store', 'backup', join(work, 'b'))).toMatchObject({ code: 2 });
  expect(existsSync(folders.dataDir)).toBe(false);
});

describe('gate', () => {
  test('opens for the approved bytes at their place, and for nothing else', async () => {
    const path = join(folders.incomingDir, 'a');
    await decided('a', 'clean', approved);
    expect(await run('gate', path)).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/^approved {2}/),
    });
    const copy = join(work, 'copy');
    writeFileSync(copy, 'clean');
    expect((await run('gate', copy)).code).toBe(1);
    expect((await run('gate', '--anywhere', copy)).code).toBe(0);
    writeFileSync(path, 'CLEAN');
    expect(await run('gate', path)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^NOT APPROVED .*bytes/),
    });
    expect((await run('gate', '--anywhere', path)).code).toBe(1);
    for (const bad of [join(work, 'none'), '/dev/null']) {
      expect(await run('gate', bad)).toMatchObject({ code: 2, out: '' });
    }
  });

  test('answers beside whoever holds the store', async () => {
    await decided('a', 'clean', approved);
    const store = await openStore({
      dataDir: folders.dataDir,
      who: 's',
      what: 'backuplens-pipeline',
      waitMs: 0,
      leftOver: async () => null,
    });
    expect((await run('gate', join(folders.incomingDir, 'a'))).code).toBe(0);
    expect((await run('status')).code).toBe(0);
    expect((await run('store', 'backup', join(work, 'backup'))).code).toBe(0);
    await store.close();
  });
});

describe('review', () => {
  test('approve gives a file back where it came from, with its mode; reject puts it into quarantine', async () => {
    await decided('keep', 'fine', forReview);
    await decided('drop', 'bad', forReview);
    const listed = await json('review', 'list');
    expect(listed.map((one) => one.path)).toEqual(
      ['keep', 'drop'].map((name) => join(folders.incomingDir, name)),
    );
    const [keep = NONE, drop = NONE] = listed;
    expect(readdirSync(folders.incomingDir)).toEqual([]);
    const reason = ['--reason', 'looked at it'];
    expect(await run('review', 'approve', keep.id, '--sha256', 'f'.repeat(64), ...reason)).toMatchObject({
      code: 2,
      err: expect.stringContaining('not the file with that SHA-256'),
    });
    const yes = await run('review', 'approve', keep.id, '--sha256', sha256('fine'), ...reason);
    expect(yes).toMatchObject({
      code: 0,
      out: `${keep.id} approved: ${join(folders.incomingDir, 'keep')}\n`,
    });
    expect(readFileSync(join(folders.incomingDir, 'keep'), 'utf8')).toBe('fine');
    expect((await run('gate', join(folders.incomingDir, 'keep'))).code).toBe(0);
    const no = await run('review', 'reject', drop.id.slice(-12), '--sha256', sha256('bad'), ...reason);
    expect(no.code).toBe(0);
    expect(readdirSync(folders.reviewDir ?? '').filter((name) => !name.startsWith('.'))).toEqual([]);
    expect((await json('quarantine', 'list'))[0]).toMatchObject({ sha256: sha256('bad'), damaged: null });
    expect(await run('review', 'approve', keep.id, '--sha256', sha256('fine'), ...reason)).toMatchObject({
      code: 1,
    });
    expect((await run('review', 'list')).out).toBe('');
    expect((await json('review', 'list', '--state', 'all')).map((one) => one.state)).toEqual([
      'approved',
      'rejected',
    ]);
    expect((await run('journal', 'verify')).code).toBe(0);
    expect((await run('store', 'check')).out).toBe('the store is sound: 1 items on disk as it says\n');
  });

  test('an answer that cannot be carried out yet is given again, and has its effect then', async () => {
    await decided('keep', 'fine', forReview);
    const [review = NONE] = await json('review', 'list');
    const answer = ['--sha256', sha256('fine'), '--reason', 'looked at it'];
    renameSync(folders.incomingDir, join(work, 'unmounted'));
    const first = await run('review', 'approve', review.id, ...answer);
    expect(first).toMatchObject({ code: 1, err: expect.stringContaining('give the same command again') });
    expect((await json('status')).files).toMatchObject({ disposition_pending: 1 });
    renameSync(join(work, 'unmounted'), folders.incomingDir);
    expect((await run('review', 'reject', review.id, ...answer)).code).toBe(1);
    expect((await run('review', 'approve', review.id, ...answer)).code).toBe(0);
    expect(readFileSync(join(folders.incomingDir, 'keep'), 'utf8')).toBe('fine');
    const { code } = await run('review', 'approve', review.id, ...answer);
    expect(code).toBe(1);
  });

  test('what was swapped in the review folder is not approved by the hash of what was looked at', async () => {
    await decided('a', 'held', forReview);
    const [review = NONE] = await json('review', 'list');
    const content = join(folders.reviewDir ?? '', review.id, 'content');
    chmodSync(content, 0o600);
    writeFileSync(content, 'swap');
    const given = await run('review', 'approve', review.id, '--sha256', sha256('held'), '--reason', 'x');
    expect(given).toMatchObject({ code: 1, out: '', err: expect.stringContaining('its bytes are others') });
    expect((await json('review', 'list')).map(({ id, state }) => ({ id, state }))).toEqual([
      { id: review.id, state: 'open' },
    ]);
    expect((await json('status')).files).toMatchObject({ held: 1 });
  });

  test('a file that is held in place and overwritten meanwhile is not approved by its old answer', async () => {
    folders = { ...folders, reviewDir: null };
    await decided('a', 'held', forReview);
    const [review = NONE] = await json('review', 'list');
    writeFileSync(join(folders.incomingDir, 'a'), 'swap');
    const given = await run('review', 'reject', review.id, '--sha256', sha256('held'), '--reason', 'x');
    expect(given).toMatchObject({ code: 1, err: expect.stringContaining('changed since it was scanned') });
    expect(readFileSync(join(folders.incomingDir, 'a'), 'utf8')).toBe('swap');
    expect((await run('gate', join(folders.incomingDir, 'a'))).code).toBe(1);
  });
});

test('a rule that gave false alarms is taken back as a whole', async () => {
  for (const name of ['a', 'b'])
    await decided(name, name, (more) =>
      forQuarantine({ ...more, findings: [finding(['a'], { rule: 'Bad_Rule', weight: 120 })] }),
    );
  await decided('c', 'c', (more) =>
    forQuarantine({ ...more, findings: [finding(['a'], { rule: 'Good_Rule', weight: 120 })] }),
  );
  writeFileSync(join(folders.incomingDir, 'b'), 'newer');
  const back = await run('quarantine', 'restore', '--rule', 'Bad_Rule', '--reason', 'false alarm');
  expect(back.code).toBe(2);
  expect(back.err).toContain('1 of 2 restored');
  expect(readdirSync(folders.incomingDir).toSorted()).toEqual(['a', 'b']);
  expect((await json('quarantine', 'list')).length).toBe(2);
  expect((await json('quarantine', 'list', '--rule', 'Good_Rule')).length).toBe(1);
  expect((await run('quarantine', 'restore', '--rule', 'No_Such')).code).toBe(1);
  expect((await run('quarantine', 'restore')).code).toBe(2);
});

test('no name, however nasty, reaches the terminal raw, in any command', async () => {
  const scans = [approved, forReview, forQuarantine];
  for (const [at, { name }] of NASTY_NAMES.slice(0, 24).entries()) {
    const bytes = Buffer.from(name.replaceAll(/[/\0]/g, '_')).subarray(0, 120);
    await decided(Buffer.concat([Buffer.from(`${at}-`), bytes]), `x${at}`, (more) =>
      (scans[at % 3] ?? approved)({ ...more, reasons: [name.slice(0, 300)] }),
    );
  }
  const reviews = await json('review', 'list');
  const items = await json('quarantine', 'list');
  expect([reviews.length, items.length]).toEqual([8, 8]);
  const said = [
    await run('review', 'list'),
    await run('quarantine', 'list'),
    await run('review', 'show', reviews[0]?.id ?? ''),
    await run('review', 'show', reviews[0]?.id ?? '', '--json'),
    await run('quarantine', 'show', items[0]?.id ?? ''),
    await run('quarantine', 'restore', items[0]?.id ?? ''),
    await run('status'),
    await run('store', 'check'),
  ];
  for (const { out, err } of said) {
    // Control and format characters, which is what forTerminal spells out; newlines are our own.
    expect(`${out}${err}`.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(out.split('\n').filter((line) => line.startsWith('auto_approve'))).toEqual([]);
  }
});

describe('the store itself', () => {
  test('lost: nothing starts, a rebuild finds everything, and it is as good as before', async () => {
    await decided('held', 'held', forReview);
    await decided('taken', 'taken', forQuarantine);
    const claim = join(folders.incomingDir, 'deep', '.backuplens-claim-20261128T120000000Z-0123456789ab');
    mkdirSync(claim, { recursive: true });
    writeFileSync(join(claim, 'moving'), 'moving');
    rmSync(folders.dataDir, { recursive: true });
    for (const name of ['status', 'review', 'quarantine'] as const) {
      const args = name === 'status' ? [] : ['list'];
      expect(await run(name, ...args)).toMatchObject({
        code: 2,
        err: expect.stringContaining('store rebuild'),
      });
    }
    const rebuilt = await json('store', 'rebuild');
    expect(rebuilt).toMatchObject({ damaged: [], put_back: [join(folders.incomingDir, 'deep', 'moving')] });
    expect(rebuilt.entered).toHaveLength(2);
    expect((await run('store', 'check')).code).toBe(0);
    const [item = NONE] = await json('quarantine', 'list');
    expect((await run('quarantine', 'restore', item.id)).code).toBe(0);
    const [review = NONE] = await json('review', 'list');
    const sha = ['--sha256', sha256('held'), '--reason', 'x'];
    expect((await run('review', 'approve', review.id, ...sha)).code).toBe(0);
    expect(readdirSync(folders.incomingDir).toSorted()).toEqual(['deep', 'held', 'taken']);
    expect(await json('store', 'rebuild')).toMatchObject({ entered: [] });
  });

  test('damaged: the check says so and what to do; a backup and a rebuild bring all of it back', async () => {
    await decided('one', 'one', forQuarantine);
    const backup = join(work, 'backup.sqlite');
    expect((await run('store', 'backup', backup)).code).toBe(0);
    await decided('two', 'two', forQuarantine);
    writeFileSync(join(folders.dataDir, 'store.sqlite'), 'nonsense');
    expect(await run('store', 'check')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/damaged.*store restore/),
    });
    expect((await run('store', 'restore', backup)).code).toBe(2);
    const restored = await run('store', 'restore', backup, '--yes');
    expect(restored).toMatchObject({ code: 0, err: expect.stringContaining('store rebuild') });
    expect(await run('store', 'check')).toMatchObject({ code: 1, out: expect.stringContaining('stray') });
    expect((await run('quarantine', 'list')).err).toContain('1 not in the store');
    expect((await json('store', 'rebuild')).entered).toHaveLength(1);
    expect((await run('store', 'check')).code).toBe(0);
    expect((await run('journal', 'verify')).code).toBe(0);
  });

  test('damaged without a backup: it is set aside, and made anew from what is on disk', async () => {
    await decided('one', 'one', forQuarantine);
    writeFileSync(join(folders.dataDir, 'store.sqlite'), 'nonsense');
    expect((await run('store', 'rebuild')).code).toBe(2);
    const rebuilt = await json('store', 'rebuild', '--replace');
    expect(rebuilt.entered).toHaveLength(1);
    expect(readFileSync(join(folders.dataDir, rebuilt.replaced), 'utf8')).toBe('nonsense');
  });

  test('an item that is gone from disk, or was changed there, is found by the check', async () => {
    await decided('one', 'one', forQuarantine);
    await decided('two', 'two', forQuarantine);
    const [one = NONE, two = NONE] = await json('quarantine', 'list');
    renameSync(join(folders.quarantineDir, `${one.id}.blq`), join(work, 'elsewhere'));
    chmodSync(join(folders.quarantineDir, `${two.id}.blq`), 0o600);
    writeFileSync(join(folders.quarantineDir, `${two.id}.blq`), 'short');
    const { problems } = await json('store', 'check');
    expect(
      problems.map(({ id, what }) => [id, what]).toSorted(([a = ''], [b = '']) => a.localeCompare(b)),
    ).toEqual([
      [one.id, 'item'],
      [two.id, 'item'],
    ]);
  });

  test('a folder of another installation is refused', async () => {
    await decided('one', 'one', forQuarantine);
    await run('quarantine', 'restore', (await json('quarantine', 'list'))[0]?.id ?? '');
    folders = { ...folders, dataDir: join(work, 'other') };
    const said = await run('quarantine', 'restore', 'abcd');
    expect(said).toMatchObject({ code: 2, err: expect.stringContaining('another installation') });
  });
});

test('scan --apply, the commands and the gate are one story, as a user sees it', async () => {
  const env = {
    DATA_DIR: folders.dataDir,
    QUARANTINE_DIR: folders.quarantineDir,
    REVIEW_DIR: folders.reviewDir ?? '',
    APPROVED_DIR: join(work, 'approved'),
  };
  writeFileSync(join(folders.incomingDir, 'bad.txt'), MARKER);
  writeFileSync(join(folders.incomingDir, 'good.txt'), 'buy milk\n');
  const { code, report } = await scanJson(['--clamd', 'off', '--apply', folders.incomingDir], { env });
  expect(code).toBe(1);
  expect(report.results.map(({ disposition }) => disposition?.action)).toEqual(['quarantined', 'released']);
  expect(readdirSync(folders.incomingDir)).toEqual([]);
  const gate = await cli(['gate', join(work, 'approved', 'good.txt')], { env });
  expect(gate).toMatchObject({ code: 0, stderr: '' });
  // The folder as a whole too, though it holds our own marker; any other file of that name was never examined.
  const marker = join(work, 'approved', '.backuplens-owner.json');
  const ours = readFileSync(marker, 'utf8');
  expect(await run('gate', join(work, 'approved'))).toMatchObject({
    code: 0,
    out: expect.stringContaining('everything in it stands approved (1)'),
  });
  for (const other of [ours.replace(/[0-9a-f]/, (digit) => (digit === '0' ? '1' : '0')), `${ours} `, '']) {
    writeFileSync(marker, other);
    expect(await run('gate', join(work, 'approved'))).toMatchObject({
      code: 1,
      out: expect.stringContaining('.backuplens-owner.json: no file at this place was ever examined'),
    });
  }
  writeFileSync(marker, ours);
  mkdirSync(join(work, 'empty'));
  writeFileSync(join(work, 'empty', '.backuplens-owner.json'), ours);
  expect(await run('gate', join(work, 'empty'))).toMatchObject({
    code: 1,
    out: expect.stringContaining('nothing in it that was ever examined'),
  });
  const status = JSON.parse((await cli(['status', '--json'], { env })).stdout);
  expect(status).toMatchObject({ files: { quarantined: 1, released: 1 }, quarantined: 1 });
  const verified = await cli(['journal', 'verify', '--head', status.journal_head], { env });
  expect(verified).toMatchObject({ code: 0, stderr: '' });
  for (const name of ['review', 'store']) {
    const { stdout } = await cli([name, '--help'], { env });
    expect([name, /Exit codes:\n {2}0 /.test(stdout)]).toEqual([name, true]);
  }
});

test.each(['approve', 'reject'])('the help of review %s tells its required options apart', (verb) => {
  const io: CommandIo = { out: () => {}, err: () => {}, escape: forTerminal, folders: () => folders };
  const help = reviewCommand(io)
    .commands.find((one) => one.name() === verb)
    ?.helpInformation();
  expect(help).toMatch(/^Usage: .* <id> --sha256 <hash> --reason <text>$/m);
  expect(help).toMatch(/--sha256 <hash> .*\(required\)\n.*--reason <text> .*\(required\)\n/);
  expect(help).not.toMatch(/--(json|until|remember)\b.*\(required\)/);
});

const kept = (): string => join(work, 'elsewhere', 'checkpoints.jsonl');
const publicKey = (): string => {
  const keys = join(folders.dataDir, 'keys');
  return join(keys, readdirSync(keys).find((name) => name.endsWith('.pem')) ?? '');
};
const records = async (count: number): Promise<void> => {
  const store = await openStore({
    dataDir: folders.dataDir,
    who: 'test',
    what: 'test',
    waitMs: 0,
    leftOver: async () => null,
  });
  const nothing = { file: null, item: null, path: null, sha256: null, decision: null, verdict: null };
  for (let n = 0; n < count; n++) {
    await store.journal.append({
      action: 'clock_jumped',
      time: new Date().toISOString(),
      who: 'test',
      ...nothing,
      detail: String(n),
    });
  }
  await store.close();
};
/** As somebody would who can write the file: no trigger keeps them from it. */
const tamper = (sql: string): void => {
  const database = new DatabaseSync(join(folders.dataDir, 'store.sqlite'));
  for (const { name } of database
    .prepare("select name from sqlite_master where type = 'trigger' and tbl_name = 'journal'")
    .all()) {
    database.exec(`drop trigger ${String(name)}`);
  }
  database.exec(sql);
  database.close();
};

describe('checkpoints of the journal', () => {
  beforeEach(async () => {
    mkdirSync(join(work, 'elsewhere'));
    await records(3);
    await run('journal', 'checkpoint', '--append', kept());
    await records(2);
    appendFileSync(kept(), (await run('journal', 'checkpoint')).out);
  });

  test('all of them are found in the journal they were made of, signed by a key that only its owner can read', async () => {
    const checked = await run('journal', 'verify', '--checkpoints', kept(), '--key', publicKey());
    expect(checked).toMatchObject({ code: 0, err: '' });
    expect(checked.out).toMatch(/^6 records in order.*\n2 signed checkpoints, the last of record 6 at 2/);
    const own = await run('journal', 'verify', '--checkpoints', kept());
    expect(own.code).toBe(0);
    expect(own.err).toContain('with --key, give the public key from where only you can change it');
    expect(statSync(join(folders.dataDir, 'keys', 'journal.key')).mode & 0o777).toBe(0o600);
    chmodSync(join(folders.dataDir, 'keys', 'journal.key'), 0o644);
    const open = await run('journal', 'checkpoint');
    expect(open).toMatchObject({ code: 2, out: '' });
    expect(open.err).toContain('can be read by others');
  });

  test('what was cut off the end shows, though the chain is whole', async () => {
    tamper('delete from journal where seq > 4');
    expect(await run('journal', 'verify')).toMatchObject({ code: 0 });
    const checked = await run('journal', 'verify', '--checkpoints', kept(), '--key', publicKey(), '--json');
    expect(checked.code).toBe(1);
    expect(JSON.parse(checked.out)).toMatchObject({
      records: 4,
      broken: null,
      checkpoints: { signed: 2, missing: { seq: 6 }, forged: 0 },
    });
    expect(checked.err).toContain('record 6 is not the one that a checkpoint was signed for');
  });

  test('one that was changed, that a stranger signed or that is of another store proves nothing, and is named', async () => {
    const [first = '', second = ''] = readFileSync(kept(), 'utf8').split('\n');
    const line = (checkpoint: string): void => writeFileSync(kept(), `${checkpoint}\n`);
    const check = async (): Promise<Said> =>
      run('journal', 'verify', '--checkpoints', kept(), '--key', publicKey());
    line(second.replace('"seq":6', '"seq":5'));
    expect((await check()).err).toContain('1 checkpoints are not what their key has signed');
    expect((await check()).code).toBe(1);
    const stranger = generateKeyPairSync('ed25519').privateKey;
    const place = { seq: 6, hash: 'f'.repeat(64), time: new Date().toISOString() };
    line(signCheckpoint({ instance: 'x', ...place }, stranger));
    expect((await check()).err).toContain('1 checkpoints are signed by a key that is not trusted here');
    line(signCheckpoint({ instance: 'another', ...place }, await ownCheckpointKey(folders.dataDir)));
    expect(await check()).toMatchObject({ code: 1, err: expect.stringContaining('of another store') });
    // A line that was cut while it was written costs no other one; without any there is nothing to compare with.
    writeFileSync(kept(), `${first.slice(0, 50)}\n${second}\n`);
    expect(await check()).toMatchObject({
      code: 0,
      err: expect.stringContaining('1 lines are no checkpoints'),
    });
    line('nonsense');
    expect((await check()).code).toBe(2);
  });

  test('a key that is taken away is replaced, and what the old one has signed can still be verified', async () => {
    rmSync(join(folders.dataDir, 'keys', 'journal.key'));
    expect(await run('journal', 'checkpoint', '--append', kept())).toMatchObject({ code: 0 });
    const both = await run(
      'journal',
      'verify',
      '--checkpoints',
      kept(),
      '--key',
      join(folders.dataDir, 'keys'),
    );
    expect(both).toMatchObject({ code: 0, err: '' });
    expect(both.out).toContain('3 signed checkpoints');
  });
});
