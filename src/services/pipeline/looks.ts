import type { Unit } from '../../intake/index.ts';
import { examineWhole, unexaminedUnit, type ExaminedUnit } from '../../pipeline/index.ts';
import type { Work } from '../../store/index.ts';
import type { Examiner } from './examiner.ts';

/** How often a file may have been examined alone when the whole service died: nobody knows whose fault it was. */
const MAX_ALONE = 3;
const ENGINE_POLL_MS = 100;
const OF_WORKER = { stage: 'pipeline', by: 'worker' } as const;

/** Has units examined, and what an engine fell over once more, alone and after that engine is back (ATTACKS A1). */
export class Looks {
  readonly #examiner: Pick<Examiner, 'engines' | 'engine_wait_ms' | 'pool' | 'store' | 'signal'>;
  /** Files that an engine failed at are tried again one at a time. */
  #again: Promise<unknown> = Promise.resolve();

  constructor(examiner: Pick<Examiner, 'engines' | 'engine_wait_ms' | 'pool' | 'store' | 'signal'>) {
    this.#examiner = examiner;
  }

  /** null: the service ends. */
  async at(unit: Unit, work: Work, alone: boolean): Promise<ExaminedUnit | null> {
    if (work.attempts > MAX_ALONE) {
      const detail = `the service died ${work.attempts - 1} times while it examined this alone`;
      return unexaminedUnit(unit.display, unit.path, { ...OF_WORKER, reason: 'engine_failed', detail });
    }
    const { engines, engine_wait_ms } = this.#examiner;
    const wereUp = engines.all_up;
    const first = await this.#look(unit, alone);
    // Only what an engine fell over is tried again: a file that was begun without it has nothing to do with that.
    if (first === null || first.lost !== null || !wereUp || !failedByEngine(first)) return first;
    const deadline = performance.now() + engine_wait_ms;
    const again = this.#again.then(async () => {
      await this.#engineIsBack(deadline);
      return this.#look(unit, true);
    });
    this.#again = again.catch(() => undefined);
    return again;
  }

  async #look(unit: Unit, alone: boolean): Promise<ExaminedUnit | null> {
    const { pool, store } = this.#examiner;
    const upload = await store.uploads.at(unit.path);
    return examineWhole(unit, pool, { alone, ...(upload === null ? {} : { called: upload.name }) });
  }

  async #engineIsBack(deadline: number): Promise<void> {
    const { engines, signal } = this.#examiner;
    while (!engines.all_up && performance.now() < deadline && !signal.aborted) {
      await new Promise((resolve) => {
        setTimeout(resolve, ENGINE_POLL_MS);
      });
    }
  }
}

function failedByEngine({ files }: ExaminedUnit): boolean {
  return files.some(({ outcome }) =>
    outcome.gaps.some(({ stage, reason }) => stage === 'analyze' && reason === 'engine_failed'),
  );
}
