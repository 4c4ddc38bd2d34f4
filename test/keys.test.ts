import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addKey,
  createKey,
  readBundle,
  readKeyFile,
  signingKey,
  trustedKeys,
  type CreatedKey,
} from '../src/bundle/index.ts';
import { BackupLensError } from '../src/domain/index.ts';
import { openStore } from '../src/store/index.ts';
import { Machine, type Contents } from './kit/bundle/machine.ts';
import { cli, type Ended } from './kit/cli.ts';
import { inStore, newInstallation } from './kit/pipeline-service.ts';

const DAY_MS = 86_400_000;
const RULES: Contents = { 'yara-rules/a.yar': 'rule A { condition: false }\n' };

let machine: Machine;
/** Where bundles are made: its keys are in `keys`. */
let maker: string;
beforeEach(() => {
  machine = new Machine();
  maker = join(machine.root, 'maker');
  mkdirSync(maker);
});
afterEach(() => machine.remove());

const there = async (...args: string[]): Promise<Ended> => cli(args, { cwd: machine.cwd, env: machine.env });
const here = async (...args: string[]): Promise<Ended> => cli(args, { cwd: maker });

interface Listed {
  readonly id: string;
  readonly until: string | null;
  readonly signed_by: string | null;
  readonly replaced_by: string | null;
  readonly refused: string | null;
  readonly can_sign: boolean;
}
async function listed(run: typeof there): Promise<Listed[]> {
  const { stdout } = await run('keys', 'list', '--json');
  const { keys }: { keys: Listed[] } = JSON.parse(stdout);
  return keys;
}

async function made(...args: string[]): Promise<CreatedKey> {
  const { stdout, stderr, code } = await here('keys', ...args, '--json');
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  return JSON.parse(stdout);
}

async function key(
  terms: { readonly days?: number; readonly before?: { key: CreatedKey; days: number } } = {},
): Promise<CreatedKey> {
  const { days = 90, before } = terms;
  const now = Date.now();
  return createKey(join(maker, 'keys'), {
    created_at: new Date(now).toISOString(),
    expires_at: new Date(now + days * DAY_MS).toISOString(),
    ...(before === undefined
      ? {}
      : {
          before: {
            secret: await signingKey(before.key.secret),
            until: new Date(now + before.days * DAY_MS).toISOString(),
          },
        }),
  });
}

/** Without what stands above it. */
function bare(text: string): string {
  return text.slice(text.indexOf('-----BEGIN'));
}

/** What comes of a public key of this text on the machine. */
async function adding(text: string, compared: string | null = null): Promise<string> {
  const path = machine.place('stick/new.pem', text);
  try {
    const read = await readKeyFile(path);
    const added = await addKey(join(machine.cwd, 'keys'), read, { compared, now: Date.now() });
    return added ? 'trusted' : 'was trusted';
  } catch (error) {
    return error instanceof BackupLensError ? `${error.code}: ${error.message}` : String(error);
  }
}
async function addingKey({ trusted }: CreatedKey, compared: string | null = null): Promise<string> {
  return adding(readFileSync(trusted, 'latin1'), compared);
}

/** Makes `it.bundle` where bundles are made. */
async function bundleMade(...more: string[]): Promise<Ended> {
  writeFileSync(join(maker, 'a.yar'), 'rule A { condition: false }\n');
  return here('bundle', 'create', '--output', 'it.bundle', '--rules', '.', ...more);
}

async function signerOf({ code, stderr }: Ended): Promise<string> {
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  return (await here('bundle', 'verify', 'it.bundle')).stdout.split('\n')[0] ?? '';
}

/** What an import says on the machine, `days` from now. */
async function takenIn(days: number, bundle: string): Promise<string> {
  const keys = await trustedKeys(join(machine.cwd, 'keys'), Date.now() + days * DAY_MS);
  try {
    await readBundle(bundle, keys ?? new Map<string, never>());
    return 'taken';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('a first key', () => {
  test('is trusted once somebody has compared its fingerprint, and not before', async () => {
    const first = await made('create');
    const unknown = await there('keys', 'add', first.trusted);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain(`no key vouches for key ${first.id}`);
    expect(unknown.stderr).toContain('--trust FINGERPRINT');
    const wrong = await there('keys', 'add', first.trusted, '--trust', '0123 4567 89ab cdef');
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('another fingerprint than the one you were told');
    expect((await there('keys', 'add', first.trusted, '--trust', 'abc')).code).toBe(2);
    expect(await listed(there)).toHaveLength(1);
    const grouped = first.fingerprint.toUpperCase().replaceAll(/(.{4})/g, '$1 ');
    const added = await there('keys', 'add', first.trusted, '--trust', grouped.trim());
    expect(added.stdout).toBe(`key ${first.id} is trusted from now on: its fingerprint was compared\n`);
    expect((await there('keys', 'add', first.trusted)).stdout).toContain('is here already');
    // And what it signs is taken: nobody had to name it where the bundle was made.
    expect((await bundleMade()).stdout).toContain('wrote it.bundle');
    expect((await there('bundle', 'verify', join(maker, 'it.bundle'))).stdout).toContain(
      `signed by key ${first.id}`,
    );
  });

  test('without a secret key nothing can be signed, and that is said with the next step', async () => {
    const { code, stderr } = await bundleMade();
    expect(code).toBe(2);
    expect(stderr).toContain('there is no secret key in');
    expect(stderr).toContain('backuplens keys create');
    expect((await here('keys', 'rotate')).code).toBe(2);
  });
});

describe('a rotated key', () => {
  test('is signed by the one before, needs no comparing, and both count until the day that it names', async () => {
    const first = await made('create');
    await there('keys', 'add', first.trusted, '--trust', first.fingerprint);
    const second = await made('rotate', '--overlap', '10');
    const added = await there('keys', 'add', second.trusted);
    expect(added.stdout).toBe(`key ${second.id} is trusted from now on: signed by key ${first.id}\n`);
    const keys = new Map((await listed(there)).map((one) => [one.id, one]));
    expect(keys.get(second.id)).toMatchObject({ signed_by: first.id, refused: null, can_sign: false });
    expect(keys.get(first.id)).toMatchObject({ replaced_by: second.id, refused: null });
    expect((await here('keys', 'list')).stdout).toContain('; can sign here');

    const old = await machine.make(RULES, { key: first.secret });
    const next = await machine.make(RULES, { key: second.secret });
    expect([await takenIn(0, old), await takenIn(0, next)]).toEqual(['taken', 'taken']);
    expect([await takenIn(9.9, old), await takenIn(9.9, next)]).toEqual(['taken', 'taken']);
    expect(await takenIn(10.1, old)).toBe(
      `it is signed by a key that does not count any more: key ${first.id} was replaced by key ${second.id}, and counted until ${keys.get(first.id)?.until}`,
    );
    expect(await takenIn(10.1, next)).toBe('taken');
  });

  test('signs what is made from then on; the old one still does where it is named, until its day', async () => {
    const first = await made('create');
    const second = await made('rotate');
    expect(await signerOf(await bundleMade())).toContain(second.id);
    rmSync(join(maker, 'it.bundle'));
    expect(await signerOf(await bundleMade('--key', first.secret))).toContain(first.id);
  });

  test('again and again leads from the first to the last, one after the other, and not past one that is missing', async () => {
    const first = await key();
    machine.trust(first.trusted);
    const second = await key({ before: { key: first, days: 30 } });
    const third = await key({ before: { key: second, days: 30 } });
    expect(await addingKey(third)).toContain(
      `key ${third.id} takes the place of key ${second.id}, which is not trusted here`,
    );
    expect(await addingKey(second)).toBe('trusted');
    expect(await addingKey(third)).toBe('trusted');
  });

  test('of which anything was changed is refused, and so is a folder in which it lies', async () => {
    const first = await key();
    machine.trust(first.trusted);
    const second = await key({ before: { key: first, days: 30 } });
    const whole = readFileSync(second.trusted, 'latin1');
    const stranger = bare(readFileSync((await key()).trusted, 'latin1'));
    const changed = [
      whole.replace(/Expires: .*/, 'Expires: never'),
      whole.replace(/Created: 20/, 'Created: 21'),
      whole.replace(/Both-Until: 20/, 'Both-Until: 21'),
      whole.replace(bare(whole), stranger),
      whole.replace(/Replaces: .*/, `Replaces: ${machine.key.id}`),
      whole.replace(/Signature: ./, (text) => `Signature: ${text.endsWith('A') ? 'B' : 'A'}`),
    ];
    for (const text of changed) {
      expect(text).not.toBe(whole);
      expect([text, await adding(text)]).toEqual([
        text,
        expect.stringMatching(/^BL_BUNDLE: key .* has signed: it was changed$/),
      ]);
    }
    for (const text of [
      whole.replace(/Signature: .*\n/, ''),
      whole.replace(/Created: .*\n/, ''),
      whole.replace('Expires', 'Expired'),
      whole.replace(/(Expires: .*\n)/, '$1Expires: never\n'),
      whole.replace('BackupLens-Key: 1', 'BackupLens-Key: 2'),
      `${whole.slice(0, -60)}\n`,
      readFileSync(second.secret, 'latin1'),
      '',
      'x'.repeat(5000),
    ]) {
      expect(text).not.toBe(whole);
      expect([text, await adding(text)]).toEqual([
        text,
        expect.stringMatching(/^BL_CONFIG: the key .* cannot be used/),
      ]);
    }
    expect(await adding(whole)).toBe('trusted');
    machine.place(`keys/bundle-${second.id}.pem`, changed[0] ?? '');
    const inside = await there('keys', 'list');
    expect(inside.code).toBe(2);
    expect(inside.stderr).toContain(`is not what key ${first.id} has signed`);
  });
});

describe('a key that does not count any more', () => {
  test('because it expired: what it signed is refused and says since when, and it signs nothing and nobody', async () => {
    const first = await key({ days: -1 });
    copyFileSync(first.trusted, join(machine.cwd, 'keys', 'old.pem'));
    const bundle = await machine.make(RULES, { key: first.secret });
    const refusal = await there('bundle', 'import', bundle);
    expect(refusal.code).toBe(1);
    expect(refusal.stderr).toContain(
      `signed by a key that does not count any more: key ${first.id} expired at 20`,
    );
    expect(refusal.stderr).toContain('have it made again with a key that counts');
    // Not even for a reason: whoever has its secret by now could have made it.
    expect((await there('bundle', 'import', bundle, '--force', 'because')).code).toBe(1);
    expect((await here('keys', 'rotate', '--key', first.secret)).stderr).toContain(
      'nothing is signed with it any more',
    );
    const second = await key({ before: { key: first, days: 30 } });
    expect(await addingKey(second)).toContain(`key ${first.id} expired at`);
    expect(await addingKey(first)).toBe('was trusted');
    rmSync(join(machine.cwd, 'keys', 'old.pem'));
    expect(await addingKey(first, first.fingerprint)).toContain('expired at');
  });

  test('because it was revoked: with who and why, for good, and its successors are named', async () => {
    const installation = newInstallation();
    const store = {
      dataDir: installation.data,
      who: 'tests',
      what: 'tests',
      waitMs: 0,
      leftOver: async () => null,
    };
    await (await openStore(store)).close();
    machine.env['DATA_DIR'] = installation.data;
    const first = await key();
    const second = await key({ before: { key: first, days: 30 } });
    machine.trust(first.trusted);
    expect((await there('keys', 'add', second.trusted)).code).toBe(0);
    const bundle = await machine.make(RULES, { key: first.secret, serial: 1 });
    expect((await there('bundle', 'import', bundle)).code).toBe(0);

    const revoked = await there('keys', 'revoke', first.id, '--reason', 'the laptop was stolen');
    expect(revoked.stdout).toBe(`key ${first.id} counts no more\n`);
    expect(revoked.stderr).toContain(`key ${second.id} was signed by it, and still counts`);
    expect(revoked.stderr).toContain('the bundle in force was signed by it, and stays in force');
    expect((await there('keys', 'revoke', first.id, '--reason', 'again')).stdout).toContain('already');
    expect((await there('keys', 'revoke', '0123456789abcdef', '--reason', 'none')).code).toBe(1);

    const refusal = await there('bundle', 'verify', bundle);
    expect(refusal.code).toBe(1);
    expect(refusal.stderr).toMatch(/was revoked at 20\S+ by .*: the laptop was stolen/);
    expect((await there('keys', 'list')).stdout).toContain('the laptop was stolen');
    // Neither removing its file nor a new comparison brings it back.
    rmSync(join(machine.cwd, 'keys', `bundle-${first.id}.pem`));
    expect(await addingKey(first, first.fingerprint)).toContain('was revoked here');
    machine.trust(first.trusted);
    const third = await key({ before: { key: first, days: 30 } });
    expect(await addingKey(third)).toContain('the laptop was stolen');

    const written = await inStore(installation, async ({ journal }) => {
      const records = await journal.read({ after: 0, limit: 100 });
      return records
        .filter(({ action }) => action.startsWith('bundle_'))
        .map(({ action, detail }) => `${action} ${detail}`);
    });
    expect(written).toEqual([
      `bundle_key_trusted key ${second.id}; reason: signed by key ${first.id}`,
      expect.stringContaining('bundle_taken 1-'),
      `bundle_key_revoked key ${first.id}; reason: the laptop was stolen`,
    ]);
    installation.remove();
  }, 60_000);

  test('a release that it signed comes back by a rollback only for a reason', async () => {
    const other = await key();
    machine.trust(other.trusted);
    await machine.import(await machine.make(RULES, { key: other.secret, serial: 1 }));
    await machine.import(
      await machine.make({ 'yara-rules/b.yar': 'rule B { condition: false }' }, { serial: 2 }),
    );
    expect((await there('keys', 'revoke', other.id, '--reason', 'stolen')).code).toBe(0);
    const refusal = await there('bundle', 'rollback');
    expect(refusal.code).toBe(1);
    expect(refusal.stderr).toMatch(/1-\S+ is what would be in force again, and key .* stolen/);
    expect((await machine.inForce())?.serial).toBe(2);
    expect((await there('bundle', 'rollback', '--reason', 'it was made before')).code).toBe(0);
    expect((await machine.inForce())?.serial).toBe(1);
    const last = (await machine.releases.history()).at(-1);
    expect(last).toMatchObject({
      reason: 'it was made before',
      against: [expect.stringContaining('stolen')],
    });
  });

  test('a revocation that was cut short revokes all the same, and a successor that was revoked replaces nothing', async () => {
    const first = await key();
    const second = await key({ before: { key: first, days: 1 } });
    machine.trust(first.trusted);
    machine.trust(second.trusted);
    const bundle = await machine.make(RULES, { key: first.secret });
    expect(await takenIn(2, bundle)).toContain('was replaced by');
    machine.place(`keys/bundle-${second.id}.revoked`, '{"at":');
    expect(await takenIn(2, bundle)).toBe('taken');
    const theirs = await machine.make(RULES, { key: second.secret });
    expect(await takenIn(0, theirs)).toContain('its file cannot be read');
  });
});

describe('the folder of keys', () => {
  test('that others can change, or that holds one key twice, is refused', async () => {
    const first = await key();
    const folder = join(machine.cwd, 'keys');
    chmodSync(folder, 0o777);
    const open = await there('keys', 'add', first.trusted, '--trust', first.fingerprint);
    expect([open.code, open.stderr]).toEqual([2, expect.stringContaining('can be written by everybody')]);
    expect(existsSync(join(folder, `bundle-${first.id}.pem`))).toBe(false);
    chmodSync(folder, 0o755);
    copyFileSync(machine.key.trusted, join(folder, 'twin.pem'));
    expect((await there('keys', 'list')).stderr).toContain('are the same key: remove one of them');
  });

  test('takes public keys that openssl made, without an end', async () => {
    const pem = bare(readFileSync(machine.key.trusted, 'latin1'));
    machine.place(`keys/bundle-${machine.key.id}.pem`, pem);
    expect(await listed(there)).toMatchObject([{ id: machine.key.id, until: null, refused: null }]);
    expect((await there('keys', 'list')).stdout).toContain(`${machine.key.id}  counts\n`);
  });
});

test('doctor says when keys run out, when none counts, and when what is in force was signed by one that was revoked', async () => {
  const ill = async (): Promise<Record<string, string>> => {
    const { stdout } = await there('doctor', '--json', '--yara', 'off');
    const { checks }: { checks: { id: string; state: string; what: string }[] } = JSON.parse(stdout);
    const ours = checks.filter(({ id }) => id.startsWith('bundle'));
    return Object.fromEntries(ours.map(({ id, state, what }) => [id, `${state}: ${what}`]));
  };
  expect(await ill()).toEqual({ 'bundle-keys': 'ok: 1 of 1 keys for bundles count' });
  const short = await key({ days: 30 });
  machine.trust(short.trusted);
  rmSync(join(machine.cwd, 'keys', `bundle-${machine.key.id}.pem`));
  await machine.import(await machine.make(RULES, { key: short.secret }));
  expect(await ill()).toEqual({
    bundle: expect.stringMatching(/^ok: the bundle in force, 1-\S+, expires at 20/),
    'bundle-keys': expect.stringMatching(/^warn: the last key for bundles counts until 20/),
  });
  await there('keys', 'revoke', short.id, '--reason', 'stolen');
  expect(await ill()).toEqual({
    bundle: expect.stringMatching(/^fail: the bundle in force, .* was revoked since: stolen$/),
    'bundle-keys': expect.stringMatching(/^warn: no key in .* counts: .*: no bundle is taken$/),
  });
});
