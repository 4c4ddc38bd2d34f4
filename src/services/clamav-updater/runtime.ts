import type { UpdaterHealth } from '../../contracts/index.ts';
import type { Ended } from './freshclam-outcome.ts';

export type RuntimeName = NonNullable<UpdaterHealth['runtime']>;

/** Where freshclam can be run. */
export interface Runtime {
  readonly name: RuntimeName;
  /**
   * Runs freshclam once, and ends it when it takes longer than `timeoutMs` or the signal says so. Throws RuntimeAway when
   * it cannot be run there.
   */
  run(timeoutMs: number, signal: AbortSignal): Promise<Ended>;
}

/** Why freshclam cannot be run somewhere. */
export class RuntimeAway extends Error {
  readonly result: 'no_runtime' | 'no_container' | 'permission_denied' | 'failed' | 'timed_out';

  constructor(result: RuntimeAway['result'], message: string) {
    super(message);
    this.name = 'RuntimeAway';
    this.result = result;
  }
}
