import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BackupLensError } from '../domain/index.ts';
import { assertTrusted, type TrustedWhat } from './trusted-files.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trust-'));
  mkdirSync(join(folder, 'etc/rules/sub'), { recursive: true });
  mkdirSync(join(folder, 'scanned'));
  writeFileSync(join(folder, 'etc/scoring.yaml'), 'weights: {}\n');
  writeFileSync(join(folder, 'etc/rules/a.yar'), 'rule a { condition: true }');
  writeFileSync(join(folder, 'etc/rules/sub/b.yar'), 'rule b { condition: true }');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);

function refusal(
  what: TrustedWhat,
  name: string,
  scanned = 'scanned',
): { message: string; hint: string | null } {
  try {
    assertTrusted([{ what, path: at(name) }], [at(scanned)]);
  } catch (error) {
    if (!(error instanceof BackupLensError)) throw error;
    return { message: `${error.code} ${error.message}`.replaceAll(folder, ''), hint: error.hint };
  }
  return { message: 'trusted', hint: null };
}

/** Others in a group that nobody has. */
const STRANGER = 54_321;
const isRoot = process.geteuid?.() === 0;

test('what is trusted is named with its real path and its hash', () => {
  symlinkSync('etc/scoring.yaml', at('link.yaml'));
  const used = assertTrusted(
    [
      { what: 'policy', path: at('link.yaml') },
      { what: 'rules', path: at('etc/rules') },
      { what: 'data', path: at('data/not/there/yet') },
    ],
    [at('scanned')],
  );
  expect(used).toEqual([
    {
      path: at('etc/scoring.yaml'),
      sha256: createHash('sha256').update('weights: {}\n').digest('hex'),
    },
    { path: at('etc/rules'), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    { path: at('data/not/there/yet'), sha256: null },
  ]);
});

test('the hash of a rules folder changes with every name and every content', () => {
  const hash = (): string | null =>
    assertTrusted([{ what: 'rules', path: at('etc/rules') }], [])[0]?.sha256 ?? null;
  const hashes = [hash()];
  writeFileSync(at('etc/rules/a.yar'), 'rule a { condition: false }');
  hashes.push(hash());
  writeFileSync(at('etc/rules/c.yar'), '');
  hashes.push(hash());
  rmSync(at('etc/rules/c.yar'));
  writeFileSync(at('etc/rules/d.yar'), '');
  hashes.push(hash());
  expect(new Set(hashes).size).toBe(4);
});

describe('inside a scanned path', () => {
  test.each<[TrustedWhat, string, string]>([
    ['policy', 'etc/scoring.yaml', 'etc'],
    ['policy', 'etc/scoring.yaml', 'etc/scoring.yaml'],
    ['rules', 'etc/rules', 'etc'],
    ['rules', 'etc/rules', 'etc/rules/sub'],
    ['rules', 'etc/rules', 'etc/rules/a.yar'],
    ['data', 'etc/data', 'etc'],
    ['cache', 'etc', 'etc'],
  ])('%s %s is refused when %s is scanned', (what, name, scanned) => {
    const { message, hint } = refusal(what, name, scanned);
    expect(message).toBe(
      `BL_UNTRUSTED_CONFIG ${what} /${name}: lies inside the scanned path /${scanned}: ` +
        'who wrote what is scanned may have written it',
    );
    expect(hint).toMatch(/^name one elsewhere \(.+\), or start from another folder$/);
  });

  test('links change nothing: not into the scanned path, not out of it, not of the scanned path itself', () => {
    writeFileSync(at('scanned/scoring.yaml'), '');
    symlinkSync('../scanned/scoring.yaml', at('etc/in.yaml'));
    symlinkSync('../etc/scoring.yaml', at('scanned/out.yaml'));
    symlinkSync('etc', at('alias'));
    expect(refusal('policy', 'etc/in.yaml').message).toContain('lies inside the scanned path /scanned:');
    expect(refusal('policy', 'scanned/out.yaml').message).toContain('lies inside the scanned path /scanned:');
    expect(refusal('policy', 'etc/scoring.yaml', 'alias').message).toContain('inside the scanned path /etc:');
  });

  test('a linked rule of the scanned path is found within the rules folder', () => {
    writeFileSync(at('scanned/evil.yar'), '');
    symlinkSync('../../scanned/evil.yar', at('etc/rules/evil.yar'));
    expect(refusal('rules', 'etc/rules').message).toContain('lies inside the scanned path /scanned:');
  });

  test('a neighbour whose name only begins alike is not inside', () => {
    mkdirSync(at('scanned-not'));
    writeFileSync(at('scanned-not/s.yaml'), '');
    expect(refusal('policy', 'scanned-not/s.yaml').message).toBe('trusted');
  });
});

describe('writable by others', () => {
  test.each([
    ['etc/scoring.yaml', 0o646, 'everybody (mode 0646)'],
    ['etc', 0o757, 'everybody (mode 0757)'],
    ['.', 0o777, 'everybody (mode 0777)'],
  ])('%s with mode %o is refused, with the command that helps', (name, mode, who) => {
    chmodSync(at(name), mode);
    const { message, hint } = refusal('policy', 'etc/scoring.yaml');
    const place = at(name).replace(folder, '');
    expect(message).toBe(`BL_UNTRUSTED_CONFIG policy /etc/scoring.yaml: ${place} can be written by ${who}`);
    expect(hint).toBe(`chmod go-w ${at(name)}`);
  });

  test('one file deep in a rules folder is enough', () => {
    chmodSync(at('etc/rules/sub/b.yar'), 0o666);
    expect(refusal('rules', 'etc/rules').message).toContain(
      '/etc/rules/sub/b.yar can be written by everybody',
    );
  });

  test('a sticky folder is fine on the way, not as the place of rules', () => {
    chmodSync(at('etc'), 0o1777);
    expect(refusal('policy', 'etc/scoring.yaml').message).toBe('trusted');
    expect(refusal('rules', 'etc/rules').message).toBe('trusted');
    chmodSync(at('etc/rules'), 0o1777);
    expect(refusal('rules', 'etc/rules').message).toContain(
      '/etc/rules can be written by everybody (mode 1777)',
    );
  });

  test.runIf(isRoot)('a group of others is refused, a group of nobody else is not', () => {
    chmodSync(at('etc/scoring.yaml'), 0o664);
    expect(refusal('policy', 'etc/scoring.yaml').message).toBe('trusted');
    chownSync(at('etc/scoring.yaml'), 0, STRANGER);
    expect(refusal('policy', 'etc/scoring.yaml').message).toContain(
      `can be written by group ${STRANGER} (mode 0664)`,
    );
  });

  test.runIf(isRoot)('what belongs to another user is refused, links included', () => {
    symlinkSync('scoring.yaml', at('etc/link.yaml'));
    expect(refusal('policy', 'etc/link.yaml').message).toBe('trusted');
    chownSync(at('etc'), STRANGER, 0);
    expect(refusal('policy', 'etc/link.yaml').message).toContain(
      `/etc belongs to user ${STRANGER}, who is neither you`,
    );
  });
});

describe('what cannot be read', () => {
  test('has the code of what it is', () => {
    expect(refusal('policy', 'none.yaml').message).toBe(
      'BL_POLICY policy /none.yaml: no such file or folder',
    );
    expect(refusal('rules', 'none').message).toBe('BL_RULES rules /none: no such file or folder');
  });

  test('a circle of links ends', () => {
    symlinkSync('b', at('a'));
    symlinkSync('a', at('b'));
    expect(refusal('policy', 'a').message).toContain('leads through too many links');
    symlinkSync('..', at('etc/rules/up'));
    symlinkSync('.', at('etc/rules/self'));
    expect(refusal('rules', 'etc/rules').message).toBe('trusted');
  });
});

test('all that is wrong is said at once', () => {
  const paths = [
    { what: 'policy', path: at('etc/scoring.yaml') },
    { what: 'rules', path: at('etc/rules') },
  ] as const;
  expect(() => assertTrusted(paths, [at('etc')])).toThrow(/^policy .+\nrules .+$/);
});
