import { MassCounter, type CountedFinding, type Mass } from '../analyze/mass-encryption/index.ts';
import type { ExaminedUnit } from './examine-unit.ts';
import { massFinding } from './folders.ts';

/** Top folders that are counted at a time, at about 1 KiB each and 20 KiB under attack; the one that rested longest goes first. */
const MAX_FOLDERS = 1024;

interface Counted {
  /** Two counters that take turns: each sees between half a window and a whole one. */
  older: MassCounter;
  younger: MassCounter;
  /** When the younger one was begun. Monotonic, in ms. */
  since: number;
  attacked: { readonly mass: Mass; readonly until: number } | null;
}

export interface Attack {
  readonly mass: Mass;
  /** It was found with this file. */
  readonly is_new: boolean;
}

/**
 * Whether the files that arrive one by one below a top folder are, taken together, what an attack leaves behind: what a dropped
 * folder is told by is told here of what arrives within a window of time. In bounded memory.
 */
export class MassWindow {
  readonly #windowMs: number;
  readonly #now: () => number;
  readonly #folders = new Map<string, Counted>();

  constructor(windowMs: number, now: () => number = () => performance.now()) {
    this.#windowMs = windowMs;
    this.#now = now;
  }

  /**
   * Counts a file; what is answered holds for it too. null: nothing speaks of an attack. `ago`: it arrived so long before, in ms; to be
   * told of in the order in which they came.
   */
  add(folder: string, findings: readonly CountedFinding[], ago = 0): Attack | null {
    const now = this.#now() - ago;
    const counted = this.#of(folder, now);
    counted.older.add(findings);
    counted.younger.add(findings);
    if (counted.attacked !== null && counted.attacked.until <= now) counted.attacked = null;
    const mass = counted.older.mass() ?? counted.younger.mass();
    const before = counted.attacked;
    // It lasts as long as anything of it is in the window, and a window more.
    if (mass !== null) counted.attacked = { mass, until: now + this.#windowMs };
    return counted.attacked === null ? null : { mass: counted.attacked.mass, is_new: before === null };
  }

  /** One that an earlier process found, and that lasts for so long, in ms: at most a window. */
  attacked(folder: string, mass: Mass, forMs: number): void {
    const now = this.#now();
    const until = now + Math.min(Math.max(0, forMs), this.#windowMs);
    this.#of(folder, now).attacked = { mass, until };
  }

  #of(folder: string, now: number): Counted {
    const known = this.#folders.get(folder) ?? {
      older: new MassCounter(),
      younger: new MassCounter(),
      since: now,
      attacked: null,
    };
    // The last in a Map is the one that was used last.
    this.#folders.delete(folder);
    this.#folders.set(folder, known);
    if (this.#folders.size > MAX_FOLDERS) this.#folders.delete(this.#folders.keys().next().value ?? '');
    const age = now - known.since;
    if (age < this.#windowMs / 2) return known;
    known.older = age < this.#windowMs ? known.younger : new MassCounter();
    known.younger = new MassCounter();
    known.since = now;
    return known;
  }
}

/** What looks encrypted itself is a part of the attack, and is judged so. */
export function withAttack(unit: ExaminedUnit, { mass }: Attack): ExaminedUnit {
  const files = unit.files.map((file) => {
    const { findings } = file.outcome;
    if (!findings.some(({ kind }) => kind === 'encryption_suspected')) return file;
    const own = massFinding(mass, file.name);
    return { ...file, outcome: { ...file.outcome, findings: [...findings, own] } };
  });
  return { ...unit, files };
}
