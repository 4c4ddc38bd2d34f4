// needs: clamav clamav-freshclam curl iproute2 jq restic rsync unzip zip zstd
import { execFileSync } from 'node:child_process';
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { eicarTestString } from '../src/analyze/clamav/index.ts';
import { blocksOf, type Block } from './kit/docs/blocks.ts';
import { DEADLINE_MS, runPage, type Ran } from './kit/docs/run-page.ts';
import { notInOutput } from './kit/docs/shape.ts';
import { MARKER } from './kit/marker.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGES = globSync(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/**/*.md'], {
  cwd: ROOT,
}).toSorted();

/** How many blocks may say so, and no more: each is a command that nobody tries here. */
const NOT_RUN: Readonly<Record<string, number>> = {
  network: 3,
  root: 4,
  'container engine': 4,
  itself: 1,
};

/** In shell: what a page takes for granted. It begins in a clone, with /restore and the like beside it. */
const TAKEN_FOR_GRANTED: Readonly<Record<string, string>> = {
  'README.md': `
    export RESTIC_REPOSITORY=$FOLDER/repository RESTIC_PASSWORD=test
    { restic init -q && restic backup -q "$FOLDER/restore" --host here; } >/dev/null
    printf 'restored\\n' >disk.img`,
  'docs/api.md': `
    cp "$FOLDER"/locked/*.zip incoming/
    printf 'backuplens-pipeline' >"$FOLDER/service.cmd"; serve 8080 "$FOLDER/service.cmd" >/dev/null
    until [ "$(backuplens review list --json | jq length)" = 2 ]; do sleep 0.2; done`,
  'docs/offline.md': `mkdir -p "$FOLDER/media/stick"`,
  'docs/operations.md': `
    printf 'yara-scanner' >"$FOLDER/yara.cmd"; serve 8081 "$FOLDER/yara.cmd" >/dev/null
    printf 'clamav-updater' >"$FOLDER/updater.cmd"; serve 8082 "$FOLDER/updater.cmd" >/dev/null
    mkdir -p "$FOLDER/var/backups"`,
  'docs/store.md': `backuplens scan --apply --clamd off incoming >/dev/null`,
  'docs/yara.md': `mkdir my-rules && cp yara-rules/*.yar my-rules/`,
  'docs/quarantine.md': `
    backuplens scan --apply --clamd off incoming >/dev/null
    set -- quarantine/*.blq "$FOLDER/restored"`,
};

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'backuplens-docs-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A backup or two, and what lies in the clone. */
function stage(name: string): string {
  const place = join(folder, name.replaceAll('/', '-'));
  const folders = [
    'home',
    'tmp',
    'restore',
    'srv',
    'var/lib/clamav',
    'locked',
    'staged/incoming',
    'staged/backup',
  ];
  for (const made of folders) mkdirSync(join(place, made), { recursive: true, mode: 0o755 });
  const files: Readonly<Record<string, string>> = {
    'staged/restore.sh': '#!/bin/sh\n',
    'staged/full.csv': `sha256_hash\n${'0123456789abcdef'.repeat(4)}\n`,
    'staged/backup/notes.txt': `notes ${MARKER}\n`,
    'staged/incoming/notes.txt': `notes ${MARKER}\n`,
    'restore/notes.txt': 'what was backed up\n',
    'var/lib/clamav/own.ndb': `Eicar:0:*:${eicarTestString().toString('hex')}\n`,
    // A mirror that refuses at once.
    'freshclam.conf': `DatabaseDirectory ${place}/var/lib/clamav\nPrivateMirror http://127.0.0.1:9\nMaxAttempts 1\n`,
  };
  for (const [path, content] of Object.entries(files))
    writeFileSync(join(place, path), content, { mode: 0o755 });
  const make = (program: string, ...args: readonly string[]) => execFileSync(program, args, { cwd: place });
  make('tar', '-cf', 'staged/nightly.tar', 'restore/notes.txt');
  make('tar', '-cf', 'restore/nightly.tar', 'restore/notes.txt');
  make('tar', '--zstd', '-cf', 'restore/nightly.tar.zst', 'restore/notes.txt');
  for (const what of ['statement', 'invoice']) {
    make('zip', '-q', '-P', `not on a list ${what}`, `locked/${what}.zip`, 'restore/notes.txt');
  }
  return place;
}

/** As a person would say it: what was run, and what it answered. */
function report({ text, line, code, stdout, stderr }: Ran): string {
  return `line ${line}: ${text}\n  ended with ${code}\n  ${`${stdout.slice(-600)}\n${stderr.slice(-600)}`.trim().replaceAll('\n', '\n  ')}`;
}

/** 1 and 3 of our own commands are answers. */
function wentWell({ text, code }: Ran): boolean {
  return code === 0 || (/\bbackuplens\b/.test(text) && (code === 1 || code === 3));
}

const blocks = new Map(PAGES.map((page) => [page, blocksOf(readFileSync(join(ROOT, page), 'utf8'))]));

test('a page that promises what does not happen is found out', async () => {
  const page = [
    'Text, and `code`.',
    '',
    '```console',
    '$ echo \'{"a":1}\'',
    '{"a":1,"b":"…"}',
    '```',
    '',
    '<!-- output of: seq 2 -->',
    '',
    '```',
    '7',
    'two',
    '…',
    '```',
    '',
    '```sh',
    'seq 2   # figures may differ',
    'backuplens scam /restore',
    'no-such-program',
    '```',
    '',
    '<!-- not run: network -->',
    '',
    '```sh',
    'no-such-program',
    '```',
  ].join('\n');
  const found = blocksOf(page);
  expect(found.map(({ notRun }) => notRun)).toEqual([null, null, 'network']);
  const ran = await runPage(found, stage('planted'), '');
  expect(ran.map((command) => [command.text.split(' ')[0], wentWell(command)])).toEqual([
    ['echo', true],
    ['seq', true],
    ['backuplens', false],
    ['no-such-program', false],
  ]);
  expect(ran.flatMap(({ shown, stdout }) => notInOutput(shown, stdout))).toEqual(['b', 'two']);
});

describe('every command of the documentation', () => {
  test('that is not run here says why, and there are no more of them than these', () => {
    const reasons = [...blocks.values()].flat().flatMap(({ notRun }) => notRun ?? []);
    const counts = Object.fromEntries(Object.keys(NOT_RUN).map((reason) => [reason, 0]));
    for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1;
    expect(counts).toEqual(NOT_RUN);
  });

  const pages = [...blocks].filter(([, all]) => all.some(({ notRun }: Block) => notRun === null));
  test.each(pages)('of %s does what it says', { timeout: 2 * DEADLINE_MS }, async (page, all) => {
    const ran = await runPage(all, stage(page), TAKEN_FOR_GRANTED[page] ?? '');
    expect(
      ran
        .filter((command) => !wentWell(command))
        .map(report)
        .join('\n\n'),
    ).toBe('');
    const missing = ran.flatMap((command) => {
      const lines = notInOutput(command.shown, command.stdout);
      return lines.length === 0 ? [] : [`${report(command)}\n  has nothing of: ${lines.join('\n    ')}`];
    });
    expect(missing.join('\n\n')).toBe('');
  });
});

test('docs/architecture.md has every room of the source', () => {
  const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const text = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
  const drawn = /## Who may know whom[\s\S]*?```mermaid([\s\S]*?)```/.exec(text)?.[1] ?? '';
  expect(rooms.map(({ name }) => name).filter((name) => !new RegExp(`\\b${name}\\b`).test(drawn))).toEqual(
    [],
  );
});
