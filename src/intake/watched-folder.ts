import { nameFromBytes } from '../bytes/index.ts';
import { identityBytes } from './file-identity.ts';
import { FolderEvents } from './folder-events.ts';
import { KnownSets, type EarlierSet } from './known-sets.ts';
import { KnownUnits, type Known } from './known-units.ts';
import type { SetKind } from './sets/index.ts';
import { anyOf } from './selection.ts';
import { sweep, type Listed, type Swept } from './sweep.ts';
import { unitOf, withContent, type Unit, type UnitOptions } from './unit.ts';

export interface WatchOptions extends UnitOptions {
  /** Between two sweeps, in ms; more where a sweep takes long. */
  readonly interval_ms: number;
  /** For how long a unit has to stay as it is until it counts as settled, in ms. */
  readonly settle_ms: number;
  /** Names of what somebody is still writing (`*.part`): these wait longer, and only that. */
  readonly delayed: readonly string[];
  /** For how long such names wait at most, in ms. */
  readonly delay_ms: number;
  /** After so long a unit that keeps changing is handed on as it is, in ms. */
  readonly never_settled_ms: number;
  /** How long a volume of an archive waits for its others, in ms. */
  readonly volumes_ms: number;
  /** For how long a folder that looks like the beginning of a set has to rest until it counts as all there is, in ms. */
  readonly sets_ms: number;
  /** Folders that were decided as sets: they stay whole, whatever becomes of what they were known by. */
  readonly sets?: readonly EarlierSet[];
  /** What an earlier process told of as lingering, and how long ago it was met, in ms. */
  readonly lingering?: readonly Lingering[];
}

/** A unit that has not come to rest for a while: it is told with every look, so that a restart does not begin anew. */
export interface Lingering {
  /** Of the unit; made of its path. */
  readonly key: Buffer;
  readonly met_ms_ago: number;
}

/** A unit that settled, or never did. */
export interface Arrival {
  readonly type: 'arrival';
  readonly unit: Unit;
  /** The first name below the watched folder, where that is a folder; empty: it lies in the watched folder itself. */
  readonly share: Buffer;
  readonly never_settled: boolean;
}

/** One look at everything. */
export interface SweepDone {
  readonly type: 'swept';
  /** The watched folder could be read; otherwise nothing is known. */
  readonly complete: boolean;
  readonly units: number;
  /** Units that have not settled yet, and since when the oldest of them was met, in ms ago. */
  readonly unsettled: number;
  readonly oldest_unsettled_ms: number;
  readonly lingering: readonly Lingering[];
  /** Of the units that have not settled those that look like the beginning of a set; the first of them, and how many there are. */
  readonly begun: readonly BegunSet[];
  readonly begun_sets: number;
  /** Without the time that whoever takes the arrivals took. */
  readonly active_ms: number;
}

/** A folder that looks like the beginning of a set, and what becomes of it that is no arrival. */
export interface Beginning {
  /** `begun`: nothing in it is taken for now. `let_go`: it rests, and is no set: its files are met from now on. */
  readonly type: 'begun' | 'let_go';
  readonly path: Buffer;
  readonly display: string;
  readonly kind: SetKind;
}

/** One that waits: for more, or for its rest. */
export interface BegunSet {
  readonly path: Buffer;
  readonly kind: SetKind;
  readonly met_ms_ago: number;
}

export type WatchEvent = Arrival | Listed | Beginning | SweepDone;

/** Handed on together: what is taken in one transaction. */
const BATCH = 500;
/** A sweep may take a tenth of the time. */
const PAUSE_FACTOR = 10;
/** One answer is a stat, or all of a folder that is one unit: from here on it is looked at whether that was work, in ms. */
const SLOW_ANSWER_MS = 1000;
/** Events come in bursts: a sweep that they ask for is not begun sooner after the last one, in ms. */
const QUICK_MS = 100;
/** Of the kernel's watches, by default 8,192 a user on old systems, we take few. */
const MAX_EVENT_FOLDERS = 1024;
/** After so long what is not at rest lingers, in ms, or after a tenth of the time that it may take. */
const LINGERS_MS = 60_000;
/** More than these begin anew with a new process. */
const MAX_LINGERING = 10_000;
/** As many as a person reads. */
const MAX_BEGUN = 20;
const SLASH = 0x2f;

/**
 * Everything that comes to rest below a folder, handed on once as it is: what comes again, or is changed, is handed on again.
 * Nothing is held in memory but a few numbers a unit (known-units.ts).
 */
export class WatchedFolder {
  readonly #options: WatchOptions;
  readonly #known = new KnownUnits();
  readonly #isDelayed: (path: string) => boolean;
  readonly #sets: KnownSets;
  /** By key, as latin1: when it was met, on our clock. */
  readonly #metBefore: Map<string, number>;
  /** When the file system was asked for what it has not answered; null: it has. */
  #asked: number | null = null;
  /** Of the sweep that is under way: what was not work but waiting for a file system that did not answer, in ms. */
  #waited = 0;
  #events: FolderEvents | null = null;
  #wake: (() => void) | null = null;
  #happened = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#isDelayed = options.delayed.length === 0 ? () => false : anyOf(options.delayed);
    this.#sets = new KnownSets(options.sets);
    const now = performance.now();
    this.#metBefore = new Map(
      options.lingering?.map(({ key, met_ms_ago: ago }) => [key.toString('latin1'), now - ago]),
    );
  }

  /** What stands at this path is handed on once more. */
  forget(path: Buffer): void {
    this.#known.forget(path);
    this.#known.forget(setKey(path));
    this.nudge();
  }

  /** For how long the file system has not answered: a mount whose server is gone. In ms. */
  get unanswered_ms(): number {
    return this.#asked === null ? 0 : performance.now() - this.#asked;
  }

  /** Looks soon. */
  nudge(): void {
    this.#happened = true;
    this.#wake?.();
  }

  /**
   * Sweeps until the signal is aborted. A batch counts as handed on when the next one is asked for: what is thrown
   * meanwhile loses nothing.
   */
  async *batches(signal: AbortSignal): AsyncGenerator<readonly WatchEvent[], void, undefined> {
    const stop = (): void => this.#wake?.();
    signal.addEventListener('abort', stop, { once: true });
    this.#events = new FolderEvents(MAX_EVENT_FOLDERS, () => this.nudge());
    try {
      while (!signal.aborted) {
        this.#happened = false;
        const { active_ms, due } = yield* this.#sweep(this.#events, signal);
        const rest = Math.max(QUICK_MS, PAUSE_FACTOR * active_ms);
        const pause = Math.max(this.#options.interval_ms, rest);
        const soon = due === null ? pause : Math.max(rest, due - performance.now());
        if (!signal.aborted) await this.#pause(rest, Math.min(pause, soon), signal);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.#events.close();
    }
  }

  /** Waits for `longest`, or after `shortest` for an event. */
  async #pause(shortest: number, longest: number, signal: AbortSignal): Promise<void> {
    const began = performance.now();
    for (;;) {
      const passed = performance.now() - began;
      if (signal.aborted || passed >= longest || (this.#happened && passed >= shortest)) return;
      const until = this.#happened ? shortest : longest;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, until - passed));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
  }

  async *#timed<T>(answers: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const asked = performance.now();
        this.#asked = asked;
        const before = process.cpuUsage();
        const next = await answers.next();
        this.#asked = null;
        const took = performance.now() - asked;
        if (took > SLOW_ANSWER_MS) {
          const { user, system } = process.cpuUsage(before);
          this.#waited += Math.max(0, took - (user + system) / 1000);
        }
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      this.#asked = null;
      await answers.return(undefined);
    }
  }

  async *#sweep(
    events: FolderEvents,
    signal: AbortSignal,
  ): AsyncGenerator<
    readonly WatchEvent[],
    { readonly active_ms: number; readonly due: number | null },
    undefined
  > {
    const { root, unit, ours } = this.#options;
    const look = new Look(this.#options, this.#known, this.#sets, this.#isDelayed, this.#metBefore);
    let [began, active, complete] = [performance.now(), 0, true];
    this.#waited = 0;
    const everything = sweep({
      root,
      unit,
      ours,
      recognise: this.#sets.recognise,
      isDelayed: this.#isDelayed,
      entered: (path) => events.entered(path),
    });
    for await (const swept of this.#timed(everything)) {
      if (swept.type === 'unreadable' && swept.path.equals(root)) complete = false;
      await look.take(swept);
      if (look.batch.length < BATCH) continue;
      active += performance.now() - began;
      yield look.batch;
      look.handedOn();
      began = performance.now();
      if (signal.aborted) return { active_ms: active, due: null };
    }
    // A mount that hung for an hour must not cost ten more without a look.
    active = Math.max(0, active + performance.now() - began - this.#waited);
    // Only a look at everything tells what is gone.
    if (complete) {
      this.#known.endSweep();
      this.#sets.endSweep();
      this.#metBefore.clear();
    }
    events.endSweep();
    const { units, unsettled, oldest, lingering, begun, begunSets: begun_sets } = look;
    const oldest_unsettled_ms = unsettled === 0 ? 0 : performance.now() - oldest;
    yield [
      ...look.batch,
      {
        type: 'swept',
        complete,
        units,
        unsettled,
        oldest_unsettled_ms,
        lingering,
        begun,
        begun_sets,
        active_ms: active,
      },
    ];
    look.handedOn();
    return { active_ms: active, due: look.due };
  }
}

/** One sweep's view of what it meets. */
class Look {
  readonly #options: WatchOptions;
  readonly #known: KnownUnits;
  readonly #sets: KnownSets;
  readonly #isDelayed: (path: string) => boolean;
  batch: WatchEvent[] = [];
  #keys: Buffer[] = [];
  units = 0;
  unsettled = 0;
  oldest = Infinity;
  readonly lingering: Lingering[] = [];
  readonly begun: BegunSet[] = [];
  begunSets = 0;
  readonly #metBefore: ReadonlyMap<string, number>;
  /** When the next unit may have settled; monotonic, in ms. */
  due: number | null = null;

  constructor(
    options: WatchOptions,
    known: KnownUnits,
    sets: KnownSets,
    isDelayed: (path: string) => boolean,
    metBefore: ReadonlyMap<string, number>,
  ) {
    this.#options = options;
    this.#known = known;
    this.#sets = sets;
    this.#isDelayed = isDelayed;
    this.#metBefore = metBefore;
  }

  async take(swept: Swept): Promise<void> {
    if (swept.type === 'skipped' || swept.type === 'unreadable') this.#list(swept);
    else await this.#arrive(unitOf(swept));
  }

  /** What was in the batch will not be handed on again as it is. */
  handedOn(): void {
    for (const key of this.#keys) this.#known.tell(key);
    this.batch = [];
    this.#keys = [];
  }

  #list(listed: Listed): void {
    const key = Buffer.concat([listed.path, Buffer.from('\0listed')]);
    const what = listed.type === 'skipped' ? listed.reason : listed.message;
    const { told } = this.#known.see(key, Buffer.from(what), performance.now());
    if (!told) this.#add(listed, key);
  }

  async #arrive(met: Unit): Promise<void> {
    let unit = met;
    this.units++;
    const now = performance.now();
    const key = unit.kind === 'volumes' ? setKey(unit.path) : unit.path;
    const known = this.#known.see(key, identityBytes(unit.identity), now, () =>
      this.#metBefore.get(key.toString('latin1')),
    );
    if (known.told) return;
    const { settle_ms, never_settled_ms } = this.#options;
    let from = Math.max(known.since + settle_ms, this.#notBefore(unit, known));
    if (now >= from) {
      // Only what is about to be handed on is looked into.
      unit = await withContent(unit);
      from = Math.max(from, this.#notBefore(unit, known));
    }
    const overdue = now < from && now >= known.met + never_settled_ms;
    if (now >= from && unit.kind === 'begun' && unit.begun !== null && (await this.#letGo(unit, unit.begun)))
      return;
    if (now >= from || overdue) {
      this.#handOn(unit, key, overdue);
      return;
    }
    this.unsettled++;
    this.oldest = Math.min(this.oldest, known.met);
    if (unit.begun !== null) this.#tellBegun(unit, unit.begun, now - known.met);
    const lingers = now - known.met >= Math.min(LINGERS_MS, never_settled_ms / 10);
    if (lingers && this.lingering.length < MAX_LINGERING) {
      this.lingering.push({ key, met_ms_ago: now - known.met });
    }
    this.due = Math.min(this.due ?? Infinity, from);
  }

  #handOn(unit: Unit, key: Buffer, never_settled: boolean): void {
    const { path, kind, identity } = unit;
    // From here on it has a row, and is one thing.
    if (kind !== 'file' && kind !== 'volumes' && kind !== 'dropped')
      this.#sets.remember({ path, ino: identity.ino, kind: kind === 'begun' ? unit.begun : kind });
    this.#add({ type: 'arrival', unit, share: shareOf(unit, this.#options.root), never_settled }, key);
  }

  /** True: nothing in it is worth keeping together, and what lies in it is met with the next look. */
  async #letGo({ path, display, identity }: Unit, kind: SetKind): Promise<boolean> {
    if (await this.#sets.isWhole(path, kind, identity.ino)) return false;
    if (!this.#sets.letGo(path, identity.ino)) return false;
    this.batch.push({ type: 'let_go', path, display, kind });
    this.due = performance.now();
    return true;
  }

  /** Once; and with every look as long as it waits. */
  #tellBegun({ path, display }: Unit, kind: SetKind, met_ms_ago: number): void {
    this.begunSets++;
    if (this.begun.length < MAX_BEGUN) this.begun.push({ path, kind, met_ms_ago });
    const key = Buffer.concat([path, Buffer.from('\0begun')]);
    const { told } = this.#known.see(key, Buffer.from(kind), performance.now());
    if (!told) this.#add({ type: 'begun', path, display, kind }, key);
  }

  /** Names only ever delay. What nobody has touched for so long has waited already, whoever watched. */
  #notBefore(unit: Unit, { since, met }: Pick<Known, 'since' | 'met'>): number {
    const { delay_ms, volumes_ms, sets_ms } = this.#options;
    const untouched = unit.kind === 'file' ? Date.now() - Number(unit.identity.ctime_ns / 1_000_000n) : 0;
    const name = nameFromBytes(unit.path.subarray(unit.path.lastIndexOf(SLASH) + 1));
    const isDelayed = (unit.delayed || this.#isDelayed(name)) && untouched < delay_ms;
    // Nobody can tell from outside whether one more volume is to come: they have to rest together.
    const isVolume = (unit.kind === 'volumes' || unit.part !== null) && untouched < volumes_ms;
    // The marks of a set may come last, and its files must not be gone by then. On our own clock: one that jumps shows no rest.
    const restsFrom = unit.begun === null ? 0 : since + sets_ms;
    return Math.max(isDelayed ? met + delay_ms : 0, isVolume ? since + volumes_ms : 0, restsFrom);
  }

  #add(event: WatchEvent, key: Buffer): void {
    this.batch.push(event);
    this.#keys.push(key);
  }
}

function setKey(path: Buffer): Buffer {
  return Buffer.concat([path, Buffer.from('\0set')]);
}

function shareOf({ path }: Unit, root: Buffer): Buffer {
  const below = path.subarray(root.at(-1) === SLASH ? root.length : root.length + 1);
  const slash = below.indexOf(SLASH);
  return slash < 0 ? Buffer.alloc(0) : Buffer.from(below.subarray(0, slash));
}
