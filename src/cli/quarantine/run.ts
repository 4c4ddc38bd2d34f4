import { basename, dirname } from 'node:path';
import { asciiJson, nameFromBytes } from '../../bytes/index.ts';
import { inspectQuarantined, listQuarantine, type QuarantineItem } from '../../dispose/index.ts';
import type { KeptFacts, StoredItem } from '../../domain/index.ts';
import type { Store } from '../../store/index.ts';
import {
  COULD_NOT,
  DONE,
  facts,
  run,
  say,
  tellRecovered,
  theOne,
  WRONG,
  type CommandIo,
} from '../command-io.ts';
import { withHands, type Hands } from '../hands.ts';
import { withReader } from '../store-session.ts';

/** Items of one page: held in memory at once. */
const PAGE = 500;

export interface ListFlags {
  readonly rule?: string;
  readonly since?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export interface ShowFlags {
  readonly json?: boolean;
  readonly verify?: boolean;
}

export interface RestoreFlags {
  readonly to?: string;
  readonly keep?: boolean;
  readonly withPrivileges?: boolean;
  readonly rule?: string;
  readonly since?: string;
  readonly reason?: string;
  readonly json?: boolean;
}

export interface DeleteFlags {
  readonly reason: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export async function list(io: CommandIo, { rule, since, all, json }: ListFlags): Promise<number> {
  const folders = await io.folders();
  const known = new Set<string>();
  const seen = { count: 0, damaged: 0, elsewhere: 0, strays: 0 };
  const tell = (value: Record<string, unknown>, text: string): void => {
    if (json === true) io.out(`${seen.count === 0 ? '' : ','}\n${asciiJson(value)}`);
    else io.out(`${text}\n`);
    seen.count++;
  };
  if (json === true) io.out('[');
  await withReader(
    folders,
    async (store) => {
      for await (const item of itemsOf(store, rule, since)) {
        known.add(item.id);
        if (all !== true && folderOf(item) !== folders.quarantineDir) {
          seen.elsewhere++;
          continue;
        }
        const { damaged } = await look(item, false);
        tell(publicFacts(item, damaged), line(io, item.id, item.facts, damaged));
        if (damaged !== null) seen.damaged++;
      }
    },
    () => undefined,
  );
  if (rule === undefined && since === undefined) {
    for await (const { id, damaged, header } of listQuarantine(folders.quarantineDir)) {
      if (known.has(id)) continue;
      const { cipher: _, format: __, ...kept } = header ?? { id };
      tell({ ...kept, damaged, in_store: false }, `${line(io, id, header, damaged)}  (not in the store)`);
      if (damaged === null) seen.strays++;
      else seen.damaged++;
    }
  }
  if (json === true) io.out('\n]\n');
  else if (seen.count === 0) sayNone(io, folders.quarantineDir, rule, since);
  if (seen.elsewhere > 0) {
    say(io, `${seen.elsewhere} more in other folders than ${folders.quarantineDir}`, 'add --all to see them');
  }
  if (seen.strays > 0) {
    say(
      io,
      `${seen.strays} not in the store`,
      '`backuplens store rebuild` enters them, so that they can be restored',
    );
  }
  if (seen.damaged > 0) {
    say(io, `${seen.damaged} of ${seen.count} damaged`, 'the .json beside each says what it was');
  }
  return seen.damaged > 0 ? WRONG : DONE;
}

/** Nothing was found, and why that need not mean that nothing is there. */
function sayNone(io: CommandIo, folder: string, rule?: string, since?: string): void {
  if (rule === undefined && since === undefined) {
    say(io, `nothing is in quarantine (${folder})`);
    return;
  }
  const put = rule === undefined ? 'was taken' : `${rule} has put there`;
  const from = since === undefined ? '' : ` since ${since}`;
  say(io, `nothing that ${put}${from} is in quarantine`, '`list` without it shows everything');
}

/** Page by page; what is taken out of quarantine on the way does no harm. */
async function* itemsOf(
  store: Store,
  rule?: string,
  since?: string,
): AsyncGenerator<StoredItem, void, undefined> {
  for (let after = ''; ;) {
    const page = await store.items.list({
      kind: 'quarantine',
      limit: PAGE,
      after,
      ...(rule === undefined ? {} : { rule }),
      ...(since === undefined ? {} : { since }),
    });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.id;
  }
}

const folderOf = ({ location }: StoredItem): string => dirname(Buffer.from(location).toString());

/** The container as it is now. */
async function look(
  item: StoredItem,
  verify: boolean,
): Promise<{ readonly damaged: string | null; readonly header: QuarantineItem['header'] }> {
  const id = basename(Buffer.from(item.location).toString(), '.blq');
  const found = await inspectQuarantined(folderOf(item), id, { verify });
  if (found === null) return { damaged: 'its container is not there', header: null };
  return { damaged: found.item.damaged, header: found.item.header };
}

function line(io: CommandIo, id: string, kept: KeptFacts | null, damaged: string | null): string {
  if (damaged !== null || kept === null) return `${io.escape(id)}  damaged: ${io.escape(damaged ?? '')}`;
  const { origin, size, reasons, taken_at: takenAt } = kept;
  const why = reasons[0] === undefined ? '' : `  ${io.escape(reasons[0])}`;
  return `${id}  ${takenAt.slice(0, 19)}Z  ${size} bytes  ${io.escape(origin.path)}${why}`;
}

export async function show(
  io: CommandIo,
  short: string,
  { json, verify = false }: ShowFlags,
): Promise<number> {
  return withReader(
    await io.folders(),
    async (store) => {
      const id = theOne(io, short, await store.items.find(short), 'in quarantine');
      const item = id === null ? null : await store.ledger.item(id);
      if (item === null) return WRONG;
      const { damaged } = await look(item, verify);
      if (json === true) {
        io.out(
          `${asciiJson({ ...publicFacts(item, damaged), verified: verify, report: await reportOf(store, item) })}\n`,
        );
      } else {
        facts(io, rowsOf(item));
        if (verify && damaged === null) facts(io, [['verified', 'every byte is as it was taken']]);
      }
      if (damaged === null) return DONE;
      say(io, `${item.id} is damaged: ${damaged}`);
      return WRONG;
    },
    () => missing(io, short),
  );
}

async function reportOf(store: Store, { file, id, location }: StoredItem): Promise<unknown> {
  const scan = file === null ? null : ((await store.files.get(file))?.scan ?? null);
  const known = scan === null ? null : ((await store.scans.get(scan))?.result ?? null);
  if (known !== null) return known;
  const beside = await inspectQuarantined(dirname(Buffer.from(location).toString()), id, { verify: false });
  return beside?.report ?? null;
}

function rowsOf({ id, location, facts: kept }: StoredItem): (readonly [string, string])[] {
  const { origin, size, sha256, mode, uid, gid, nlink, mtime_ns: mtime, xattrs } = kept;
  const others = nlink - 1;
  return [
    ['id', id],
    ['from', origin.path],
    ['now', nameFromBytes(location)],
    ['taken', kept.taken_at],
    ['size', `${size} bytes`],
    ['sha256', sha256],
    ['mode', `${mode}, owner ${uid}:${gid}`],
    ['modified', new Date(Number(BigInt(mtime) / 1_000_000n)).toISOString()],
    ...(xattrs === null || xattrs.length === 0
      ? []
      : [['attributes', xattrs.map(({ name }) => name).join(', ')] as const]),
    ...(others > 0
      ? [['links', `${others} more when it was taken: they are still where they were`] as const]
      : []),
    ['verdict', `${kept.verdict}, score ${kept.score}`],
    ...kept.reasons.map((reason) => ['because', reason] as const),
  ];
}

export async function restore(
  io: CommandIo,
  short: string | undefined,
  options: RestoreFlags,
): Promise<number> {
  const { rule, since, to } = options;
  if ((short === undefined) === (rule === undefined)) {
    say(io, 'give either the id of an item, or a rule', 'for one: backuplens quarantine restore 9f3a5c7e');
    return COULD_NOT;
  }
  if (rule !== undefined && to !== undefined) {
    say(
      io,
      '--to names one file, and --rule may mean many',
      'restore them to where they came from, or one by one',
    );
    return COULD_NOT;
  }
  const session = {
    folders: await io.folders(),
    what: 'backuplens quarantine restore',
    onRecovered: tellRecovered(io),
  };
  return withHands(session, async (store, hands) => {
    if (short !== undefined) {
      const id = theOne(io, short, await store.items.find(short), 'in quarantine');
      return id === null ? WRONG : restoreOne(io, hands, id, options);
    }
    let worst = DONE;
    let count = 0;
    const ids: string[] = [];
    for await (const { id } of itemsOf(store, rule, since)) ids.push(id);
    for (const id of ids) {
      const code = await eachOnItsOwn(io, () => restoreOne(io, hands, id, options));
      worst = Math.max(worst, code);
      if (code === DONE) count++;
    }
    if (ids.length === 0) {
      say(io, `${rule} has put nothing into quarantine`, '`list` shows why each item is there');
      return WRONG;
    }
    say(io, `${count} of ${ids.length} restored`);
    return worst;
  });
}

/** One that cannot be restored keeps no other back. */
async function eachOnItsOwn(io: CommandIo, work: () => Promise<number>): Promise<number> {
  let code = COULD_NOT;
  await run({ ...io, exit: (given) => void (code = given) }, work);
  return code;
}

async function restoreOne(
  io: CommandIo,
  hands: Hands,
  id: string,
  { to, keep = false, withPrivileges = false, reason = '', json }: RestoreFlags,
): Promise<number> {
  const restored = await hands.restore(id, { to, keep, withPrivileges, reason });
  if (restored.status === 'missing') return missing(io, id);
  if (restored.status === 'damaged') {
    say(io, `${id} is damaged and was not restored: ${restored.reason}`);
    return WRONG;
  }
  const { sha256, size } = restored;
  const location = nameFromBytes(restored.location);
  if (json === true) io.out(`${asciiJson({ id, location, sha256, size, kept: keep })}\n`);
  else io.out(`${id} restored to ${io.escape(location)}${keep ? ', and kept in quarantine' : ''}\n`);
  return DONE;
}

export async function remove(io: CommandIo, short: string, options: DeleteFlags): Promise<number> {
  if (options.yes !== true) {
    return withReader(
      await io.folders(),
      async (store) => {
        const id = theOne(io, short, await store.items.find(short), 'in quarantine');
        const item = id === null ? null : await store.ledger.item(id);
        if (item === null) return WRONG;
        io.out(`${line(io, item.id, item.facts, null)}\n`);
        say(io, 'nothing was deleted', 'add --yes to delete this item for good');
        return COULD_NOT;
      },
      () => missing(io, short),
    );
  }
  const session = {
    folders: await io.folders(),
    what: 'backuplens quarantine delete',
    onRecovered: tellRecovered(io),
  };
  return withHands(session, async (store, hands) => {
    const id = theOne(io, short, await store.items.find(short), 'in quarantine');
    if (id === null) return WRONG;
    if (!(await hands.remove(id, options.reason))) return missing(io, short);
    io.out(options.json === true ? `${asciiJson({ id, deleted: true })}\n` : `${id} deleted\n`);
    return DONE;
  });
}

function missing(io: CommandIo, short: string): number {
  say(io, `there is no item ${short} in quarantine`, '`list` shows what there is');
  return WRONG;
}

function publicFacts(item: StoredItem, damaged: string | null): Record<string, unknown> {
  return { ...item.facts, location: nameFromBytes(item.location), damaged };
}
