import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  DELETE_STEPS,
  DISPOSITION_STEPS,
  inspectQuarantined,
  recoverDispositions,
  restoreFromQuarantine,
  RESTORE_STEPS,
  verifyJournal,
} from '../src/dispose/index.ts';
import { disposeOf, entries, journal, newStore, sha256, type Store } from './kit/dispose/store.ts';

const CHILD = fileURLToPath(new URL('./kit/dispose/child.ts', import.meta.url));
const BYTES = Buffer.concat([Buffer.alloc(300_000, 'backup '), Buffer.from('the end')]);

let store: Store;
let file: string;
beforeEach(() => {
  store = newStore();
  file = join(store.incoming, 'nightly.tar');
});
afterEach(() => store.remove());

/** Runs the action in a process of its own that is killed at the step. */
function crash(action: string, step: string, subject: string): void {
  const { signal, stderr } = spawnSync(
    process.execPath,
    [CHILD, action, step, store.quarantineDir, store.reviewDir, subject],
    { encoding: 'utf8', timeout: 30_000 },
  );
  expect(stderr).toBe('');
  expect(signal).toBe('SIGKILL');
}

const isWhole = (path: string) => existsSync(path) && sha256(readFileSync(path)) === sha256(BYTES);
const count = (paths: string[]) => paths.filter(isWhole).length;

/** Every place where the whole of the file is: its own, its claim folder, the stores. */
async function whereabouts(): Promise<{ origin: number; claimed: number; stored: number; intents: number }> {
  const claims = entries(store.incoming).filter((name) => name.startsWith('.backuplens-claim-'));
  const quarantined = existsSync(store.quarantineDir) ? entries(store.quarantineDir) : [];
  const held = existsSync(store.reviewDir) ? entries(store.reviewDir) : [];
  let stored = count(
    held.filter((name) => !name.endsWith('.part')).map((id) => join(store.reviewDir, id, 'content')),
  );
  for (const name of quarantined.filter((one) => one.endsWith('.blq'))) {
    const found = await inspectQuarantined(store.quarantineDir, name.slice(0, -4), { verify: true });
    if (found?.item.header?.sha256 === sha256(BYTES)) stored++;
  }
  return {
    origin: count([file]),
    claimed: count(claims.map((name) => join(store.incoming, name, 'file'))),
    stored,
    intents: quarantined.filter((name) => name.endsWith('.intent.json')).length,
  };
}

async function assertSettled(): Promise<void> {
  expect(await recoverDispositions(store.quarantineDir, store.reviewDir)).toEqual([]);
  const { broken } = await verifyJournal(store.quarantineDir);
  expect(broken).toBe(null);
  const all = [...entries(store.incoming), ...entries(store.quarantineDir)];
  if (existsSync(store.reviewDir)) all.push(...entries(store.reviewDir));
  expect(all.filter((name) => /part$|draft$|intent|claim|backuplens-restore/.test(name))).toEqual([]);
}

describe.each(['quarantine', 'hold'])('%s', (action) => {
  test.each(DISPOSITION_STEPS)(
    'a crash after "%s" leaves the file whole, and recovery in one place',
    async (step) => {
      writeFileSync(file, BYTES);
      crash(action, step, file);
      const after = await whereabouts();
      expect(after.origin + after.claimed).toBeLessThanOrEqual(1);
      const copies = after.origin + after.claimed + after.stored;
      expect(copies).toBeGreaterThanOrEqual(1);
      expect(copies === 2 ? after.intents : 1).toBe(1);
      expect(after.claimed > 0 ? after.intents : 1).toBe(1);

      const recovered = await recoverDispositions(store.quarantineDir, store.reviewDir);
      expect(recovered.map((one) => one.action)).toEqual(
        step === 'done' ? [] : [after.stored === 1 ? 'finished' : 'undone'],
      );
      const settled = await whereabouts();
      expect(settled).toEqual({ origin: 1 - after.stored, claimed: 0, stored: after.stored, intents: 0 });
      await assertSettled();
      const actions = journal(store).map((line) => line.action);
      const stored = action === 'hold' ? 'held' : 'quarantined';
      expect(actions).toEqual([after.stored === 1 ? stored : 'put_back']);
    },
  );
});

test.each(RESTORE_STEPS)('a crash of a restoration after "%s" leaves the file in one place', async (step) => {
  const { id } = await disposeOf(store, 'nightly.tar', BYTES);
  crash('restore', step, id ?? '');
  const after = await whereabouts();
  expect(after.origin + after.stored).toBeGreaterThanOrEqual(1);
  expect(after.origin + after.stored === 2 ? after.intents : 1).toBe(1);
  await recoverDispositions(store.quarantineDir, store.reviewDir);
  const settled = await whereabouts();
  expect(settled.origin + settled.stored).toBe(1);
  expect(settled.origin).toBe(after.origin);
  await assertSettled();
  expect(journal(store).filter((line) => line.action === 'restored')).toHaveLength(after.origin);
});

test.each(RESTORE_STEPS)('a crash of a kept restoration after "%s" never loses the item', async (step) => {
  const { id } = await disposeOf(store, 'nightly.tar', BYTES);
  crash('copy', step, id ?? '');
  const { origin } = await whereabouts();
  await recoverDispositions(store.quarantineDir, store.reviewDir);
  expect(await whereabouts()).toEqual({ origin, claimed: 0, stored: 1, intents: 0 });
  await assertSettled();
});

test.each(DELETE_STEPS)('a crash of a deletion after "%s" is finished, and journalled once', async (step) => {
  const { id } = await disposeOf(store, 'nightly.tar', BYTES);
  crash('delete', step, id ?? '');
  await recoverDispositions(store.quarantineDir, store.reviewDir);
  expect(await whereabouts()).toEqual({ origin: 0, claimed: 0, stored: 0, intents: 0 });
  expect(entries(store.quarantineDir)).toEqual([]);
  expect(journal(store).map((line) => line.action)).toEqual(['quarantined', 'deleted']);
  await assertSettled();
});

test('recovery waits for a folder that is not there, and does not touch what it cannot understand', async () => {
  writeFileSync(file, BYTES);
  crash('quarantine', 'claimed', file);
  const [intent = ''] = entries(store.quarantineDir);
  const path = join(store.quarantineDir, intent);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/"origin_folder_ino": "\d+"/, '"origin_folder_ino": "1"'));
  expect(await recoverDispositions(store.quarantineDir, null)).toMatchObject([{ action: 'unresolved' }]);
  writeFileSync(path, text.slice(0, -20));
  expect(await recoverDispositions(store.quarantineDir, null)).toMatchObject([{ action: 'unresolved' }]);
  writeFileSync(path, text);
  expect(await recoverDispositions(store.quarantineDir, null)).toMatchObject([{ action: 'undone' }]);
  expect(readFileSync(file)).toEqual(BYTES);
});

test('a move that has not come to its end is not written over by a restoration of the same item', async () => {
  writeFileSync(file, BYTES);
  crash('quarantine', 'stored', file);
  const id = entries(store.quarantineDir)[0]?.slice(0, -'.blq'.length) ?? '';
  const to = join(store.root, 'elsewhere');
  await expect(restoreFromQuarantine(store.quarantineDir, id, { to })).rejects.toMatchObject({
    code: 'BL_DISPOSITION',
    message: `what was begun with ${id} has not come to its end`,
  });
  expect(await whereabouts()).toEqual({ origin: 0, claimed: 1, stored: 1, intents: 1 });
  expect(existsSync(to)).toBe(false);
  await recoverDispositions(store.quarantineDir, store.reviewDir);
  expect(await restoreFromQuarantine(store.quarantineDir, id, { to })).toMatchObject({ status: 'restored' });
});

test('a name that was taken while the file was claimed is not overwritten by recovery', async () => {
  writeFileSync(file, BYTES);
  crash('quarantine', 'claimed', file);
  writeFileSync(file, 'tonight’s backup');
  const [recovered] = await recoverDispositions(store.quarantineDir, store.reviewDir);
  expect(recovered?.action).toBe('undone');
  expect(readFileSync(file, 'utf8')).toBe('tonight’s backup');
  expect(readFileSync(recovered?.location ?? '')).toEqual(BYTES);
  expect(recovered?.location?.startsWith(`${file}.2`)).toBe(true);
});

test('bytes written to the claimed original after its copy was whole are kept beside the copy', async () => {
  writeFileSync(file, BYTES);
  crash('quarantine', 'journalled', file);
  const [claim = ''] = entries(store.incoming);
  writeFileSync(join(store.incoming, claim, 'file'), 'written through an open descriptor', { flag: 'a' });
  const [recovered] = await recoverDispositions(store.quarantineDir, store.reviewDir);
  expect(recovered).toMatchObject({ action: 'finished' });
  expect(readFileSync(file, 'latin1').endsWith('open descriptor')).toBe(true);
  expect((await whereabouts()).stored).toBe(1);
});
