import { asciiJson, nameFromBytes } from '../../bytes/index.ts';
import type { BegunSet, KnownAttack, SinkStanding, Store, StoreCounts } from '../../store/index.ts';
import { DONE, facts, say, type CommandIo } from '../command-io.ts';
import { withReader } from '../store-session.ts';

const HOOK_HELP =
  'mend RELEASE_HOOK (the log has what it said), and start the service again, which tells it once more';

export async function status(io: CommandIo, json: boolean): Promise<number> {
  const folders = await io.folders();
  const { dataDir } = folders;
  return withReader(
    folders,
    async (store) => tell(io, store, dataDir, json),
    () => {
      if (json) io.out(`${asciiJson({ store: null })}\n`);
      else say(io, `there is no store in ${dataDir} yet`, 'the service or the first `scan --apply` makes it');
      return DONE;
    },
  );
}

async function tell(io: CommandIo, store: Store, dataDir: string, json: boolean): Promise<number> {
  const counts = await store.counts();
  const head = await store.journal.head();
  const instance = await store.instanceId();
  const known = await knownAtLastScan(store);
  const sinks = (await store.sinks.list()).map((standing) => ({
    ...standing,
    lag: Math.max(0, head.seq - standing.seq),
  }));
  const begun = await store.unsettled.begun();
  const attacks = await store.attacks.lasting(MAX_ATTACKS);
  if (json) {
    const named = {
      sets_begun: begun.map(({ path, kind, met_at }) => ({ path: nameFromBytes(path), kind, since: met_at })),
      attacks: attacks.map(({ path, mass, ...times }) => ({
        path: nameFromBytes(path),
        ...times,
        detail: mass.detail,
      })),
    };
    const stands = { ...counts, ...named, known_at_last_scan: known, journal_head: head.hash, sinks };
    io.out(`${asciiJson({ store: dataDir, instance_id: instance, ...stands })}\n`);
    return DONE;
  }
  facts(io, [
    ['store', dataDir],
    ...only('ATTACK', counts.attacked_folders, ' folders are under an attack that encrypts: look at them'),
    ...rowsOf(counts),
    ...begun.map(begunRow),
    ...attacks.map(attackRow),
    ...(known === null ? [] : [['known', inWords(known)] as const]),
    ...sinks.filter(({ state }) => state !== 'off').map(sinkRow),
    ['journal', `${head.seq} records, head ${head.hash}`],
  ]);
  return DONE;
}

/** As many as a person reads. */
const MAX_ATTACKS = 20;

function attackRow({ path, since: from, mass }: KnownAttack): readonly [string, string] {
  return ['attacked', `${nameFromBytes(path)} since ${from.slice(0, 19)}Z: ${mass.detail}`];
}

function begunRow({ path, kind, met_at }: BegunSet): readonly [string, string] {
  const what = `looks like the beginning of a set (${kind}): left alone until it is whole, or has rested for SET_WAIT`;
  return ['set begun', `${nameFromBytes(path)} since ${met_at.slice(0, 19)}Z, ${what}`];
}

interface KnownThen {
  readonly rules: number;
  /** null: there were no lists. */
  readonly bad_hashes: number | null;
  readonly good_hashes: number | null;
}

/** What the engines had to find things with, when the service last looked at a file. */
async function knownAtLastScan(store: Store): Promise<KnownThen | null> {
  const [last] = await store.scans.list({ limit: 1 });
  const engines = last === undefined ? null : ((await store.scans.get(last.id))?.engines ?? null);
  const rules = figure(engines, 'yara', 'rules');
  if (rules === null) return null;
  return {
    rules,
    bad_hashes: figure(engines, 'hash_sets', 'bad'),
    good_hashes: figure(engines, 'hash_sets', 'good'),
  };
}

/** Records of older versions may have other shapes. */
function figure(engines: unknown, engine: string, name: string): number | null {
  const of = isFields(engines) ? engines[engine] : null;
  const value = isFields(of) ? of[name] : null;
  return typeof value === 'number' ? value : null;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function inWords({ rules, bad_hashes: bad, good_hashes: good }: KnownThen): string {
  const hashes = bad === null ? '' : `, ${bad} bad and ${good ?? 0} good hashes`;
  return `${rules} rules${hashes} (as of the last scan)`;
}

function rowsOf(counts: StoreCounts): (readonly [string, string])[] {
  const { files } = counts;
  return [
    ...only('unsettled', counts.unsettled, ` still being written${since(counts.oldest_unsettled)}`),
    ...only('sets begun', counts.begun_sets, ' of them look like the beginning of a set'),
    ['waiting', `${files.waiting}${since(counts.oldest_waiting)}`],
    ...only('scanning', files.scanning),
    ...only('alone next', counts.suspect, ': something died while they were examined'),
    ['held', `${counts.open_reviews}${since(counts.oldest_review)}`],
    ...only('escalated', counts.escalated_reviews, ' of them have waited too long'),
    ['quarantine', String(counts.quarantined)],
    ['in place', String(files.in_place - counts.in_place_rejected - counts.in_place_restored)],
    ...only(
      'rejected',
      counts.in_place_rejected,
      ' sets, where they are: take them away, they are never approved',
    ),
    ...only('came back', counts.in_place_restored, ' from quarantine into INCOMING_DIR, not approved'),
    ...only('restored', files.restored, ' from quarantine, not approved'),
    ['released', String(files.released)],
    ...only('provisional', files.provisional, since(counts.oldest_provisional)),
    ...only('undone', files.decided, ' decided, not yet dealt with'),
    ...only('pending', files.disposition_pending, ': no room or no right to move them'),
    ...only('unfinished', counts.unfinished_dispositions, ' moves that have not come to their end'),
    ...only(
      'hook again',
      counts.hooks_waiting,
      `: the release hook failed, and is run again${since(counts.oldest_hook)}`,
    ),
    ...only('hook failed', counts.hooks_failed, `, given up${since(counts.oldest_hook)}: ${HOOK_HELP}`),
    ['last file', counts.last_accepted ?? 'never'],
    ['last scan', counts.last_decided ?? 'never'],
    ...(counts.last_canary_ok === null ? [] : [['last canary', counts.last_canary_ok] as const]),
  ];
}

/** A receiver's detail may be its own words: it is shown as such, escaped like every name. */
function sinkRow(sink: SinkStanding & { readonly lag: number }): readonly [string, string] {
  const { name, state, lag, failures, delivered, set_aside: aside, waiting_since: waits, detail } = sink;
  const refused = aside === 0 ? '' : `, ${aside} refused for good`;
  if (failures === 0) return [`to ${name}`, `${state}, ${delivered} events delivered${refused}`];
  const records = `${lag} records of the journal wait${since(waits)}`;
  return [`to ${name}`, `${state} ${failures} times in a row (${detail ?? 'unknown'}); ${records}${refused}`];
}

function since(text: string | null): string {
  return text === null ? '' : `, the oldest since ${text.slice(0, 19)}Z`;
}

/** A row that is only worth one when there is something. */
function only(name: string, count: number, more = ''): (readonly [string, string])[] {
  return count === 0 ? [] : [[name, `${count}${more}`]];
}
