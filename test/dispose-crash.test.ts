import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  DELETE_STEPS,
  DISPOSITION_STEPS,
  inspectQuarantined,
  recoverDispositions,
  RELEASE_STEPS,
  RESTORE_STEPS,
} from '../src/dispose/index.ts';
import { carryOut } from '../src/pipeline/reviews/index.ts';
import type { WatchedFile } from '../src/store/index.ts';
import {
  disposeOf,
  entries,
  identityOf,
  journal,
  newStore,
  recover,
  restore,
  sha256,
  verify,
  type Store,
} from './kit/dispose/store.ts';
import { forReview } from './kit/store/makers.ts';

const CHILD = fileURLToPath(new URL('./kit/dispose/child.ts', import.meta.url));
const BYTES = Buffer.concat([Buffer.alloc(300_000, 'backup '), Buffer.from('the end')]);

let store: Store;
let file: string;
beforeEach(async () => {
  store = await newStore();
  file = join(store.incoming, 'nightly.tar');
});
afterEach(async () => store.remove());

/** Runs the action in a process of its own that is killed at the step. */
async function crash(action: string, step: string, subject: string): Promise<void> {
  await store.close();
  const args = [CHILD, action, step, store.where, subject];
  const { signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
  expect(stderr).toBe('');
  expect(signal).toBe('SIGKILL');
  await store.open();
}

const isWhole = (path: string) => existsSync(path) && sha256(readFileSync(path)) === sha256(BYTES);
const count = (paths: readonly string[]) => paths.filter(isWhole).length;

interface Whereabouts {
  readonly origin: number;
  readonly claimed: number;
  /** In a container. */
  readonly sealed: number;
  /** In the review folder. */
  readonly held: number;
  readonly approved: number;
  readonly unfinished: number;
}

const inClaimsOf = (folder: string, name: string): string[] =>
  entries(folder)
    .filter((entry) => entry.startsWith('.backuplens-claim-'))
    .map((entry) => join(folder, entry, name));

/** Every place where the whole of the file is. */
async function whereabouts(): Promise<Whereabouts> {
  let sealed = 0;
  for (const name of entries(store.quarantineDir).filter((one) => one.endsWith('.blq'))) {
    const found = await inspectQuarantined(store.quarantineDir, name.slice(0, -4), { verify: true });
    if (found?.item.header?.sha256 === sha256(BYTES)) sealed++;
  }
  const held = entries(store.reviewDir).filter((name) => !name.endsWith('.part'));
  const inClaims = [
    ...inClaimsOf(store.incoming, 'nightly.tar'),
    ...held.flatMap((id) => inClaimsOf(join(store.reviewDir, id), 'content')),
  ];
  const approved = store.approvedDir === null ? [] : entries(store.approvedDir);
  const visible = approved.filter((name) => !name.startsWith('.'));
  return {
    origin: count([file]),
    claimed: count(inClaims),
    sealed,
    held: count(held.map((id) => join(store.reviewDir, id, 'content'))),
    approved: count(visible.map((name) => join(store.approvedDir ?? '', name))),
    unfinished: (await store.ledger.unfinished()).length,
  };
}

const copies = ({ origin, claimed, sealed, held, approved }: Whereabouts) =>
  origin + claimed + sealed + held + approved;

/** What must hold at the moment of a crash: the file is whole somewhere, and wherever it is twice the store knows. */
function assertNothingLost(after: Whereabouts): void {
  expect(copies(after)).toBeGreaterThanOrEqual(1);
  expect(copies(after) > 1 ? after.unfinished : 1).toBe(1);
  expect(after.claimed > 0 ? after.unfinished : 1).toBe(1);
}

/** After recovery: one place, nothing half done anywhere, a journal in order, and no second recovery. */
async function assertSettled(): Promise<Whereabouts> {
  const settled = await whereabouts();
  expect(copies(settled)).toBe(1);
  expect(settled).toMatchObject({ claimed: 0, unfinished: 0 });
  expect(await recover(store)).toEqual([]);
  expect((await verify(store)).broken).toBe(null);
  const folders = [store.incoming, store.quarantineDir, store.reviewDir, store.approvedDir ?? ''];
  const all = folders.flatMap((folder) => (folder === '' ? [] : entries(folder)));
  expect(all.filter((name) => /part$|claim|draft/.test(name))).toEqual([]);
  return settled;
}

describe.each(['quarantine', 'hold'] as const)('%s', (action) => {
  test.each(DISPOSITION_STEPS)(
    'a crash after "%s" leaves the file whole, and recovery in one place',
    async (step) => {
      writeFileSync(file, BYTES);
      await crash(action, step, file);
      const after = await whereabouts();
      assertNothingLost(after);
      const stored = after.sealed + after.held;
      const recovered = await recover(store);
      expect(recovered.map((one) => one.action)).toEqual(
        step === 'done' ? [] : [stored === 1 ? 'finished' : 'undone'],
      );
      const settled = await assertSettled();
      expect(settled.origin).toBe(1 - stored);
      const actions = (await journal(store)).map((line) => line.action);
      expect(actions).toEqual([stored === 0 ? 'put_back' : action === 'hold' ? 'held' : 'quarantined']);
    },
  );
});

describe('release', () => {
  test.each(RELEASE_STEPS)(
    'a crash after "%s" leaves the file whole, and recovery in one place',
    async (step) => {
      store.approvedDir = join(store.root, 'approved');
      writeFileSync(file, BYTES);
      await crash('release', step, file);
      const after = await whereabouts();
      assertNothingLost(after);
      await recover(store);
      const settled = await assertSettled();
      expect(settled.approved).toBe(after.approved);
      const actions = (await journal(store)).map((line) => line.action);
      expect(actions).toEqual([after.approved === 1 ? 'released' : 'put_back']);
      const placed = join(store.approvedDir, 'nightly.tar');
      expect(after.approved === 1 ? lstatSync(placed).nlink : 1).toBe(1);
    },
  );

  test.each(['intent', 'copied', 'placed', 'original_removed'])(
    'a crash after "%s" of what keeps its path leaves the file in one place, too',
    async (step) => {
      store.approvedDir = join(store.root, 'approved');
      store.incomingDir = store.incoming;
      const nested = join(store.incoming, 'a/b/nightly.tar');
      mkdirSync(join(nested, '..'), { recursive: true });
      writeFileSync(nested, BYTES);
      await crash('release', step, nested);
      await recover(store);
      const placed = join(store.approvedDir, 'a/b/nightly.tar');
      expect([isWhole(nested), isWhole(placed)].filter(Boolean)).toHaveLength(1);
      expect(isWhole(placed)).toBe(['placed', 'original_removed'].includes(step));
      expect(entries(join(placed, '..')).filter((name) => name.startsWith('.'))).toEqual([]);
      expect(await recover(store)).toEqual([]);
    },
  );

  test('an older file with the same bytes under the same name is not taken for the released one', async () => {
    store.approvedDir = join(store.root, 'approved');
    writeFileSync(file, BYTES);
    await crash('release', 'done', file);
    writeFileSync(file, BYTES);
    await crash('release', 'placed', file);
    expect(await recover(store)).toMatchObject([{ action: 'finished' }]);
    expect(entries(store.approvedDir)).toEqual([
      'nightly.tar',
      'nightly.tar.20261128T120000000Z-5ca05ca05ca0',
    ]);
    expect(existsSync(file)).toBe(false);
  });
});

/** A file that lies in the review folder, with an answer that is to be carried out. */
async function answered(decision: 'auto_approve' | 'quarantine'): Promise<WatchedFile> {
  writeFileSync(file, BYTES);
  const identity = identityOf(file);
  const { quarantineDir, reviewDir, approvedDir } = store;
  const scanned = await store.data.files.recordAt(
    { path: Buffer.from(file), identity, share: Buffer.alloc(0), lane: 'fresh', never_settled: false },
    forReview({ sha256: sha256(BYTES), size: BYTES.length }),
  );
  const places = { quarantineDir, reviewDir, approvedDir };
  await carryOut(store.data, scanned, { places, who: 'a test', toolVersion: '0', breaker: null });
  const [review] = await store.data.reviews.list({ state: 'open', limit: 1 });
  const answer = { who: 'anna', reason: 'looked', sha256: sha256(BYTES), remember: false, until: null };
  await store.data.reviews.answer(review?.id ?? '', decision, answer);
  const decided = await store.data.files.get(scanned.id);
  if (decided === null) throw new Error('not there');
  return decided;
}

describe('an answer about a held file', () => {
  test.each(RELEASE_STEPS)(
    'approved: a crash after "%s" leaves it whole, and recovery in one place',
    async (step) => {
      const { id } = await answered('auto_approve');
      await crash('answer', step, id);
      const after = await whereabouts();
      assertNothingLost(after);
      await recover(store);
      const settled = await assertSettled();
      const state = (await store.data.files.get(id))?.state;
      expect([settled.origin, state]).toEqual(after.origin === 1 ? [1, 'released'] : [0, 'decided']);
      expect(entries(store.reviewDir)).toHaveLength(after.origin === 1 ? 0 : 1);
    },
  );

  test.each(DISPOSITION_STEPS)(
    'rejected: a crash after "%s" leaves it whole, and recovery in one place',
    async (step) => {
      const { id } = await answered('quarantine');
      await crash('answer', step, id);
      const after = await whereabouts();
      assertNothingLost(after);
      await recover(store);
      const settled = await assertSettled();
      const state = (await store.data.files.get(id))?.state;
      expect([settled.sealed, state]).toEqual(after.sealed === 1 ? [1, 'quarantined'] : [0, 'decided']);
      expect(settled.sealed + settled.held).toBe(1);
    },
  );
});

test.each(RESTORE_STEPS)('a crash of a restoration after "%s" leaves the file in one place', async (step) => {
  const { id } = await disposeOf(store, 'nightly.tar', BYTES);
  await crash('restore', step, id ?? '');
  const after = await whereabouts();
  assertNothingLost(after);
  await recover(store);
  const settled = await assertSettled();
  expect(settled.origin).toBe(after.origin);
  expect(settled.origin === 1 ? lstatSync(file).nlink : 1).toBe(1);
  expect((await journal(store)).filter((line) => line.action === 'restored')).toHaveLength(after.origin);
});

test.each(RESTORE_STEPS)('a crash of a kept restoration after "%s" never loses the item', async (step) => {
  const { id } = await disposeOf(store, 'nightly.tar', BYTES);
  await crash('copy', step, id ?? '');
  const { origin } = await whereabouts();
  await recover(store);
  expect(await whereabouts()).toMatchObject({ origin, claimed: 0, sealed: 1, unfinished: 0 });
  expect(entries(store.incoming)).toEqual(origin === 1 ? ['nightly.tar'] : []);
});

test.each(DELETE_STEPS)('a crash of a deletion after "%s" is finished, and journalled once', async (step) => {
  const { id } = await disposeOf(store, 'nightly.tar', BYTES);
  await crash('delete', step, id ?? '');
  await recover(store);
  expect(copies(await whereabouts())).toBe(0);
  expect(entries(store.quarantineDir)).toEqual([]);
  expect((await journal(store)).map((line) => line.action)).toEqual(['quarantined', 'deleted']);
});

/** Everything that a crash can cut short: what is done, where it is cut, and what then comes of it. */
const CUT_SHORT = [
  ['quarantine', 'checked', { origin: 1 }],
  ['quarantine', 'stored', { sealed: 1 }],
  ['quarantine', 'journalled', { sealed: 1 }],
  ['hold', 'stored', { held: 1 }],
  ['release', 'copied', { origin: 1 }],
  ['release', 'placed', { approved: 1 }],
  ['restore', 'copied', { sealed: 1 }],
  ['restore', 'placed', { origin: 1 }],
] as const;

test.each(CUT_SHORT)(
  'a crash of %s after "%s", and then one at every step of its recovery, leaves the file in one place',
  async (action, step, expected) => {
    store.approvedDir = join(store.root, 'approved');
    if (action === 'restore') {
      const { id } = await disposeOf(store, 'nightly.tar', BYTES);
      await crash(action, step, id ?? '');
    } else {
      writeFileSync(file, BYTES);
      await crash(action, step, file);
    }
    // Whatever comes after the step does not happen: what is thrown here is where the process ended.
    const reached: string[] = [];
    for (let ended = true; ended;) {
      ended = false;
      await recoverDispositions(store.ledger, (at) => {
        if (reached.includes(at)) return;
        reached.push(at);
        ended = true;
        throw new Error('the end');
      });
      assertNothingLost(await whereabouts());
    }
    expect(reached.length).toBeGreaterThan(1);
    expect(await assertSettled()).toMatchObject(expected);
    const told = (await journal(store)).map((line) => line.action);
    expect(new Set(told).size).toBe(told.length);
  },
);

test('recovery waits for a folder that is not there, or is another one now', async () => {
  writeFileSync(file, BYTES);
  await crash('quarantine', 'claimed', file);
  const aside = join(store.root, 'unmounted');
  renameSync(store.incoming, aside);
  expect(await recover(store)).toMatchObject([{ action: 'unresolved' }]);
  expect((await whereabouts()).unfinished).toBe(1);
  renameSync(aside, store.incoming);
  expect(await recover(store)).toMatchObject([{ action: 'undone' }]);
  expect(readFileSync(file)).toEqual(BYTES);
});

test('a move that has not come to its end keeps its item from being dealt with', async () => {
  writeFileSync(file, BYTES);
  await crash('quarantine', 'journalled', file);
  const [container = ''] = entries(store.quarantineDir).filter((name) => name.endsWith('.blq'));
  const id = container.slice(0, -4);
  const to = join(store.root, 'elsewhere');
  // The copy is the file: what is left of the move, and bringing it back, do not touch each other.
  expect(await restore(store, id, { to })).toMatchObject({ status: 'restored' });
  await recover(store);
  expect(isWhole(to)).toBe(true);
  expect(existsSync(file)).toBe(false);
  expect(entries(store.incoming)).toEqual([]);
});

test('a name that was taken while the file was claimed is not overwritten by recovery', async () => {
  writeFileSync(file, BYTES);
  await crash('quarantine', 'claimed', file);
  writeFileSync(file, 'tonight’s backup');
  const [recovered] = await recover(store);
  expect(recovered?.action).toBe('undone');
  expect(readFileSync(file, 'utf8')).toBe('tonight’s backup');
  expect(readFileSync(recovered?.location ?? '')).toEqual(BYTES);
  expect(recovered?.location?.startsWith(`${file}.2`)).toBe(true);
});

test('bytes written to the claimed original after its copy was whole are kept beside the copy', async () => {
  writeFileSync(file, BYTES);
  await crash('quarantine', 'journalled', file);
  const [claim = ''] = entries(store.incoming);
  writeFileSync(join(store.incoming, claim, 'nightly.tar'), 'written through an open descriptor', {
    flag: 'a',
  });
  const [recovered] = await recover(store);
  expect(recovered).toMatchObject({ action: 'finished' });
  expect(readFileSync(file, 'latin1').endsWith('open descriptor')).toBe(true);
  expect((await whereabouts()).sealed).toBe(1);
});
