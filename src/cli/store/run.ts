import { resolve } from 'node:path';
import { asciiJson, nameFromBytes } from '../../bytes/index.ts';
import type { Folders } from '../../config/folders/index.ts';
import { findItems, putBackOrphans } from '../../dispose/index.ts';
import { BackupLensError, type StoredItem } from '../../domain/index.ts';
import { backUpStore, checkStore, restoreStore, setStoreAside, type Store } from '../../store/index.ts';
import { COULD_NOT, DONE, say, tellRecovered, WRONG, type CommandIo } from '../command-io.ts';
import { operatingSystemUser } from '../os-user.ts';
import { withReader, withStore } from '../store-session.ts';

export async function backup(io: CommandIo, file: string, json: boolean): Promise<number> {
  const target = resolve(file);
  await backUpStore((await io.folders()).dataDir, target);
  io.out(json ? `${asciiJson({ backup: target })}\n` : `backed up to ${io.escape(target)}\n`);
  return DONE;
}

export async function restore(
  io: CommandIo,
  file: string,
  { yes, json }: { readonly yes?: boolean; readonly json?: boolean },
): Promise<number> {
  const folders = await io.folders();
  if (yes !== true) {
    say(
      io,
      `nothing was done to the store in ${folders.dataDir}`,
      'add --yes to put the backup in its place; what is there now is set aside',
    );
    return COULD_NOT;
  }
  const what = 'backuplens store restore';
  const aside = await restoreStore(folders.dataDir, resolve(file), what);
  await withStore({ folders, what, onRecovered: tellRecovered(io) }, async (store) => {
    const nothing = { file: null, item: null, path: null, sha256: null, decision: null, verdict: null };
    const detail = `from ${resolve(file)}; before: ${aside ?? 'nothing'}`;
    const time = new Date().toISOString();
    await store.journal.append({
      action: 'store_restored',
      time,
      who: operatingSystemUser(),
      ...nothing,
      detail,
    });
  });
  if (json === true) io.out(`${asciiJson({ restored: resolve(file), replaced: aside })}\n`);
  else {
    io.out(`the store is as it was in ${io.escape(resolve(file))}\n`);
    if (aside !== null) say(io, `what was there is now ${folders.dataDir}/${aside}`);
    say(
      io,
      'what was taken since that backup is not in it',
      'run `backuplens store rebuild`, then `backuplens store check`',
    );
  }
  return DONE;
}

interface Problem {
  readonly what: 'store' | 'journal' | 'item' | 'stray' | 'unfinished';
  readonly id: string | null;
  readonly problem: string;
}

export async function check(io: CommandIo, json: boolean): Promise<number> {
  const folders = await io.folders();
  const problems: Problem[] = [];
  let items = 0;
  const sound = await storeProblems(folders, problems);
  if (sound) {
    await withReader(
      folders,
      async (store) => {
        const { broken } = await store.journal.verify();
        if (broken !== null) {
          problems.push({
            what: 'journal',
            id: null,
            problem: `record ${broken.seq} is broken: ${broken.reason}`,
          });
        }
        for (const { intent, state } of await store.ledger.unfinished()) {
          problems.push({
            what: 'unfinished',
            id: intent.id,
            problem: `${intent.kind} stopped at: ${state}`,
          });
        }
        items = await itemProblems(store, folders, problems);
      },
      () => undefined,
    );
  }
  if (json) io.out(`${asciiJson({ sound: problems.length === 0, items, problems })}\n`);
  else {
    for (const { what, id, problem } of problems) {
      io.out(`${what.padEnd(12)}${io.escape([id, problem].filter((text) => text !== null).join('  '))}\n`);
    }
    io.out(problems.length === 0 ? `the store is sound: ${items} items on disk as it says\n` : '');
    if (problems.some(({ what }) => what === 'stray'))
      say(io, 'the store does not know of everything on disk', '`backuplens store rebuild` enters it');
  }
  return problems.length === 0 ? DONE : WRONG;
}

/** False when nothing more can be asked of it. */
async function storeProblems({ dataDir }: Folders, problems: Problem[]): Promise<boolean> {
  try {
    for (const problem of await checkStore(dataDir)) problems.push({ what: 'store', id: null, problem });
  } catch (error) {
    const isThere = error instanceof BackupLensError && !error.message.startsWith('there is no store');
    if (!isThere || error.code !== 'BL_STORE') throw error;
    const next = error.hint === null ? '' : `; ${error.hint}`;
    problems.push({ what: 'store', id: null, problem: `${error.message}${next}` });
  }
  return problems.length === 0;
}

/** Both ways: what the store has and the disk has not, and the other way round. Resolves to how many are in order. */
async function itemProblems(store: Store, folders: Folders, problems: Problem[]): Promise<number> {
  let sound = 0;
  const known = new Set<string>();
  for (const kind of ['quarantine', 'hold'] as const) {
    for await (const { id } of every(store, kind)) known.add(id);
  }
  for await (const { id, damaged } of findItems(folders.quarantineDir, folders.reviewDir)) {
    const isKnown = known.delete(id);
    if (damaged !== null) problems.push({ what: 'item', id, problem: damaged });
    else if (!isKnown)
      problems.push({ what: 'stray', id, problem: 'it is on disk, and the store does not know it' });
    else sound++;
  }
  for (const id of known)
    problems.push({ what: 'item', id, problem: 'the store knows it, and it is not on disk' });
  return sound;
}

const PAGE = 500;

export async function* every(
  store: Store,
  kind: StoredItem['kind'],
): AsyncGenerator<StoredItem, void, undefined> {
  for (let after = ''; ;) {
    const page = await store.items.list({ kind, limit: PAGE, after });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.id;
  }
}

export async function rebuild(
  io: CommandIo,
  { replace, json }: { readonly replace?: boolean; readonly json?: boolean },
): Promise<number> {
  const folders = await io.folders();
  const what = 'backuplens store rebuild';
  const aside = replace === true ? await setStoreAside(folders.dataDir, what) : null;
  if (aside !== null) say(io, `the store that was there is now ${folders.dataDir}/${aside}`);
  return withStore({ folders, what, takeOver: true, onRecovered: tellRecovered(io) }, async (store) => {
    const entered: string[] = [];
    const damaged: string[] = [];
    const back: string[] = [];
    for await (const found of findItems(folders.quarantineDir, folders.reviewDir)) {
      if (found.damaged !== null) {
        damaged.push(found.id);
        say(io, `${found.id} is damaged: ${found.damaged}`);
      } else if (await store.items.adopt(found.item)) entered.push(found.id);
    }
    // What the store still knows of has been brought to its end before: these are nobody's.
    for await (const path of putBackOrphans(folders.incomingDir)) {
      back.push(nameFromBytes(path));
      say(io, `${nameFromBytes(path)} was being moved when the store was lost: it is back in its place`);
    }
    if (json === true) io.out(`${asciiJson({ entered, damaged, put_back: back, replaced: aside })}\n`);
    else
      io.out(`${entered.length} items entered, ${damaged.length} damaged, ${back.length} files put back\n`);
    return damaged.length === 0 ? DONE : WRONG;
  });
}
