import { setTimeout as sleep } from 'node:timers/promises';
import { harsher } from '../../domain/index.ts';
import type { Log } from '../../observe/index.ts';
import { judgeUnit, recall, type EngineWatch, type Judge, type UnitBasis } from '../../pipeline/index.ts';
import type { EarlierJudgement, Store } from '../../store/index.ts';
import { shown, type Examination } from './examination.ts';

export interface SecondJudgementOptions {
  readonly store: Store;
  readonly examination: Examination;
  readonly engines: EngineWatch;
  readonly log: Log;
  /** As it is now. */
  readonly judge: () => Judge;
  readonly signal: AbortSignal;
  /** Something is decided. */
  readonly decided: () => void;
}

const TICK_MS = 1000;
/** What was recorded while a policy was being replaced is found by the next look. */
const POLICY_MS = 60_000;
const HELD_MS = 3_600_000;
/** Judged in one turn: some milliseconds. */
const PAGE = 100;

/**
 * Judges once more what stands decided: under a policy that was read again, without looking at a byte; and what is held since an
 * engine was away, once that is back, by examining it. Nothing becomes milder by it (ATTACKS A19).
 */
export class SecondJudgement {
  readonly #options: SecondJudgementOptions;
  #policyDue = 0;
  /** null: an engine is away, and the next look is due when it is back. */
  #heldDue: number | null = 0;

  constructor(options: SecondJudgementOptions) {
    this.#options = options;
  }

  /** The policy is another one. */
  wake(): void {
    this.#policyDue = 0;
  }

  /** Until the signal is aborted. */
  async run(): Promise<void> {
    const { signal, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#underPolicy();
        await this.#held();
      } catch (error) {
        log.error('nothing could be judged again', { untrusted: { error } });
      }
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #underPolicy(): Promise<void> {
    const { store, log, judge, signal } = this.#options;
    if (performance.now() < this.#policyDue) return;
    this.#policyDue = performance.now() + POLICY_MS;
    const { policy } = judge();
    if (await store.judgements.takePolicy(policy.sha256))
      log.info('this policy decides from now on', { policy_sha256: policy.sha256 });
    let [looked, tightened] = [0, 0];
    while (!signal.aborted) {
      const judgement = judge();
      const page = await store.judgements.underOther(judgement.policy.sha256, PAGE);
      if (page.length === 0) break;
      for (const earlier of page) if (await this.#judge(earlier, judgement)) tightened++;
      looked += page.length;
      // Others get their turn.
      await sleep(0);
    }
    if (looked > 0) log.info('judged again under the policy', { files: looked, tightened });
  }

  async #judge(earlier: EarlierJudgement, judgement: Judge): Promise<boolean> {
    const { store, log, decided } = this.#options;
    const { file, scan, decision, started_at, finished_at, tool_version, engines } = earlier;
    const { sha256 } = judgement.policy;
    // What we wrote ourselves, into a store that nobody else can write.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const judged = judgeUnit(earlier.basis as UnitBasis, judgement);
    // What a person has approved for good stays so, as long as nothing else is found.
    const remembered = judged !== null && (await recall(store, judged.result)).remembered !== null;
    if (judged === null || remembered || harsher(decision, judged.result.decision) === decision) {
      await store.judgements.stands(scan, sha256);
      return false;
    }
    const record = { ...judged, started_at, finished_at, tool_version, engines };
    const again = await store.judgements.again(file.id, scan, record, `under policy ${sha256.slice(0, 12)}`);
    if (again === null || !again.tightened) return false;
    const facts = {
      file: file.id,
      from: decision,
      to: judged.result.decision,
      state: again.state,
      untrusted: { path: shown(file.path) },
    };
    if (again.state === 'released') log.error('a released file is no longer approved', facts);
    else log.warn('judged more harshly than before', facts);
    if (again.state === 'decided') decided();
    return true;
  }

  /** Once through all of them, whenever the engines are back. */
  async #held(): Promise<void> {
    const { store, engines, signal } = this.#options;
    if (!engines.all_up) {
      this.#heldDue = null;
      return;
    }
    if (performance.now() < (this.#heldDue ?? 0)) return;
    let after: string | undefined;
    for (;;) {
      const page = await store.judgements.heldProvisionally({
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const file of page) {
        if (signal.aborted || !engines.all_up) return;
        await this.#examine(file);
      }
      after = page.at(-1)?.id;
      if (page.length < PAGE) break;
    }
    this.#heldDue = performance.now() + HELD_MS;
  }

  async #examine(file: EarlierJudgement['file']): Promise<void> {
    const { store, examination, log, decided } = this.#options;
    const scan = await examination.examineHeld(file);
    if (scan === null || file.scan === null || scan.result.provisional) return;
    const again = await store.judgements.again(file.id, file.scan, scan, 'an engine is back');
    if (again === null) return;
    const { decision, verdict, score } = scan.result;
    log.info('what is held was examined again', {
      file: file.id,
      decision,
      verdict,
      score,
      state: again.state,
      untrusted: { path: shown(file.path) },
    });
    if (again.state === 'decided') decided();
  }
}
