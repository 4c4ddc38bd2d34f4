// needs: clamav clamav-daemon iproute2
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eicarTestString } from '../src/analyze/clamav/index.ts';
import type { Report } from './kit/cli.ts';
import { Machine } from './kit/bundle/machine.ts';

/**
 * Everything in a network namespace of its own that has loopback and nothing else: what needs a network fails there, and would hang
 * or fail the test. Where no namespace can be made (no root, or not allowed), that fails loudly, with what to do.
 */
const ROOT = join(import.meta.dirname, '..');
const DEADLINE_MS = 120_000;

let machine: Machine;
beforeAll(() => {
  machine = new Machine();
});
afterAll(() => machine.remove());

/** Runs a program, or a few lines of shell, without any network but loopback. */
function offline(script: string, env: Readonly<Record<string, string>> = {}): SpawnSyncReturns<string> {
  const { PATH = '', HOME = '/' } = process.env;
  const args = ['--net', '--map-root-user', '--mount', 'sh', '-euc', `ip link set lo up\n${script}`];
  // Root needs no user namespace, and some containers allow none.
  if (process.getuid?.() === 0) args.splice(1, 1);
  return spawnSync('unshare', args, {
    cwd: machine.cwd,
    env: { PATH, HOME, NODE: process.execPath, SRC: join(ROOT, 'src'), NO_COLOR: '1', ...env },
    encoding: 'utf8',
    timeout: DEADLINE_MS,
  });
}

function said(run: SpawnSyncReturns<string>): string {
  return `${run.stdout}${run.stderr}`;
}

/** What `POST /update` answers in the namespace, with a freshclam.conf of these lines. */
function updated(
  lines: readonly string[],
  before = '',
): [number, { result: string; message: string }, number] {
  const config = machine.place(
    'freshclam.conf',
    [
      `DatabaseDirectory ${machine.cwd}/clamav-db`,
      'MaxAttempts 1',
      ...lines,
      ...(process.getuid?.() === 0 ? ['DatabaseOwner root'] : []),
      '',
    ].join('\n'),
  );
  const run = offline(
    [
      before,
      '"$NODE" "$SRC/services/clamav-updater/main.ts" >updater.log & updater=$!',
      'trap "kill $updater $server" EXIT',
      'for i in $(seq 300); do grep -q listening updater.log && break; sleep 0.1; done',
      '"$NODE" -e "$ASK"',
    ].join('\n'),
    {
      server: '',
      PORT: '18082',
      UPDATE_RUNTIME: 'freshclam',
      FRESHCLAM_CONFIG: config,
      CLAMAV_HOST: '127.0.0.1',
      ASK: [
        'const base = "http://127.0.0.1:18082";',
        'const update = await fetch(base + "/update", { method: "POST" });',
        'const health = await fetch(base + "/health");',
        'console.log(JSON.stringify([update.status, await update.json(), health.status]));',
      ].join(''),
    },
  );
  return JSON.parse(run.stdout);
}

test('there is a namespace with loopback and nothing else', () => {
  const run = offline('ip -o link | cut -d: -f2');
  if (run.error !== undefined || run.status !== 0) {
    throw new Error(
      `no network namespace can be made here: ${run.error?.message ?? said(run)}; run as root, or allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1)`,
    );
  }
  expect(run.stdout.trim()).toBe('lo');
  expect(offline('getent hosts database.clamav.net').status).not.toBe(0);
});

describe('without a network', () => {
  test('a bundle is verified, tried and put in force', async () => {
    const sha256 = createHash('sha256').update('known to a list').digest('hex');
    const path = await machine.make({
      'yara-rules/a.yar': 'rule Brought { strings: $a = "known to a rule" condition: $a }',
      'hash-sets/bad/lab.csv': `${sha256},Listed,lab\n`,
      'clamav/own.ndb': [
        `Own:0:*:${Buffer.from('known to clam').toString('hex')}`,
        `Eicar:0:*:${eicarTestString().toString('hex')}\n`,
      ].join('\n'),
    });
    const run = offline('"$NODE" "$SRC/cli/main.ts" bundle import "$BUNDLE"', {
      BUNDLE: path,
      CLAMD_HOST: 'off',
    });
    expect(said(run)).toContain('ClamAV loads its databases, and finds the canary with them');
    expect(run.status).toBe(0);
  });

  test('a scan finds with clamd over its socket, with YARA and by hash what the bundle brought', () => {
    machine.place('in/1-clam.txt', 'known to clam');
    machine.place('in/2-rule.txt', 'known to a rule');
    machine.place('in/3-list.txt', 'known to a list');
    machine.place('in/4-none.txt', 'nothing to see');
    mkdirSync(join(machine.cwd, 'tmp'), { recursive: true });
    writeFileSync(
      join(machine.cwd, 'clamd.conf'),
      [
        'Foreground yes',
        `LocalSocket ${machine.cwd}/clamd.sock`,
        // As the specification has it: databases come from ./clamav-db.
        `DatabaseDirectory ${machine.cwd}/clamav-db`,
        `TemporaryDirectory ${machine.cwd}/tmp`,
        'DisableCache yes',
        ...(process.getuid?.() === 0 ? ['User root'] : []),
        '',
      ].join('\n'),
    );
    const run = offline(
      [
        'clamd --config-file="$PWD/clamd.conf" >clamd.log 2>&1 & clamd=$!',
        'trap "kill $clamd" EXIT',
        'for i in $(seq 300); do [ -S clamd.sock ] && break; sleep 0.1; done',
        '"$NODE" "$SRC/cli/main.ts" scan --format json in || [ $? = 1 ]',
      ].join('\n'),
      { CLAMD_HOST: `unix:${machine.cwd}/clamd.sock` },
    );
    expect(run.stderr).toBe('');
    const { results, engines }: Report = JSON.parse(run.stdout);
    expect([engines.clamav.status, engines.yara.status, engines.hash_sets?.status]).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
    expect(results.map(({ decision, findings }) => [decision, ...findings.map(({ rule }) => rule)])).toEqual([
      ['quarantine', 'Own.UNOFFICIAL'],
      ['quarantine', 'Brought'],
      ['quarantine', 'Listed'],
      ['auto_approve'],
    ]);
  });

  test('the updater answers at once that the mirror cannot be reached, and stays as it was', () => {
    const [status, reply, health] = updated(['DatabaseMirror database.clamav.net']);
    expect([status, reply.result, health]).toEqual([500, 'failed', 200]);
    expect(reply.message).not.toBe('');
  });

  test('the updater tells an outdated ClamAV by what the real freshclam says of it', () => {
    machine.place('resolv.conf', 'nameserver 127.0.0.1\n');
    const [status, reply] = updated(
      ['DatabaseMirror http://127.0.0.1:9'],
      [
        'mount --bind resolv.conf /etc/resolv.conf',
        '"$NODE" "$SRC/../test/kit/updater/name-server.ts" 99.0.0 >server.log & server=$!',
        'for i in $(seq 300); do grep -q listening server.log && break; sleep 0.1; done',
      ].join('\n'),
    );
    expect([status, reply.result]).toEqual([400, 'outdated']);
    expect(reply.message).toContain('install a newer ClamAV');
  });

  test('the bundle before, or none, is put back in force', () => {
    const run = offline('"$NODE" "$SRC/cli/main.ts" bundle rollback', { CLAMD_HOST: 'off' });
    expect(run.stdout).toContain('no bundle is in force any more');
    expect(run.status).toBe(0);
  });
});
