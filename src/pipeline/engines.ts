import { availableParallelism } from 'node:os';
import type { Away, EngineEndpoints } from '../analyze/index.ts';
import {
  findClamd,
  parseClamdAddress,
  type ClamdAddress,
  type ClamdEndpoint,
} from '../analyze/clamav/index.ts';
import { probeYara, yaraAway, type YaraService } from '../analyze/yara/index.ts';
import {
  BackupLensError,
  clamavAway,
  inWords,
  type ClamavState,
  type Engines,
  type YaraState,
} from '../domain/index.ts';
import type { EnginesNow } from './verdicts/judges.ts';
import { SleepingYara } from './sleeping-yara.ts';
import { startYaraChild, type YaraChild, type YaraChildOptions } from './yara-child.ts';

/** Which engines are wanted. */
export interface EngineChoice {
  /** Addresses to try in order; null: off. */
  readonly clamd: readonly [ClamdAddress, ...ClamdAddress[]] | null;
  /** Text that clamd's database is said to name; null: EICAR is tried. */
  readonly clamd_canary: string | null;
  /** Its clamd.conf; null: looked for in the usual places. */
  readonly clamd_conf: string | null;
  /** Older signatures count as away; null: any will do. */
  readonly clamd_max_age_days: number | null;
  /** `embedded`: our own child process; a URL: that service; null: off. */
  readonly yara: 'embedded' | YaraService | null;
  /** Rule folders for the embedded service. */
  readonly rules: readonly string[];
  /** Engine processes of the embedded service. */
  readonly yara_engines: number;
  /** Where the embedded service keeps compiled rules; null: nowhere. */
  readonly yara_cache: string | null;
}

/** As settings have it: addresses as text. */
export interface EngineSettings {
  /** Addresses to try in order; none: off. */
  readonly clamd: readonly string[];
  readonly clamd_canary: string | null;
  readonly clamd_conf: string | null;
  readonly clamd_max_age_days: number | null;
  readonly yara: { readonly mode: 'service'; readonly url: string } | { readonly mode: 'embedded' | 'off' };
  readonly yara_token: string | null;
  readonly rules: readonly string[];
  readonly yara_cache: string | null;
}

/** Throws BL_USAGE for an address that is none. */
export function engineChoice({ clamd, yara, yara_token, ...others }: EngineSettings): EngineChoice {
  const [first, ...more] = clamd.map((address): ClamdAddress => parseClamdAddress(address));
  return {
    ...others,
    clamd: first === undefined ? null : [first, ...more],
    yara: yaraChoice(yara, yara_token),
    yara_engines: Math.min(2, availableParallelism()),
  };
}

function yaraChoice(yara: EngineSettings['yara'], token: string | null): EngineChoice['yara'] {
  if (yara.mode === 'service') return { url: yara.url, token: token ?? undefined };
  return yara.mode === 'off' ? null : 'embedded';
}

export interface Found<State, Endpoint> {
  readonly state: State;
  readonly endpoint: Endpoint | Away;
}

const OFF = { away: 'engine_off', detail: 'turned off' } as const;

/** The engines of one run: found or started, and asked again at the end. */
export class RunningEngines {
  readonly endpoints: EngineEndpoints;
  /** As they were at the start. */
  readonly state: Engines;
  readonly #choice: EngineChoice;
  readonly #child: YaraChild | null;

  private constructor(
    choice: EngineChoice,
    endpoints: EngineEndpoints,
    state: Engines,
    child: YaraChild | null,
  ) {
    this.#choice = choice;
    this.endpoints = endpoints;
    this.state = state;
    this.#child = child;
  }

  /**
   * Throws BL_RULES, and BL_ENGINE_REQUIRED when one of `required` is away. `known`: what our own YARA said of itself when it had
   * the same rules; it then starts when it is woken.
   */
  static async start(
    choice: EngineChoice,
    required: readonly string[],
    known: YaraState | null = null,
  ): Promise<RunningEngines> {
    const mayWait = known !== null && choice.yara === 'embedded' && !required.includes('yara');
    const [clamav, yara] = await Promise.all([
      findClamav(choice),
      mayWait ? asleep(choice, known) : startYara(choice),
    ]);
    const state = { clamav: clamav.state, yara: yara.state };
    const endpoints = { clamd: clamav.endpoint, yara: yara.endpoint };
    const engines = new RunningEngines(choice, endpoints, state, yara.child);
    for (const [name, { status, detail }] of Object.entries(state)) {
      if (!required.includes(name) || status === 'ok' || status === 'unproven') continue;
      await engines[Symbol.asyncDispose]();
      throw new BackupLensError('BL_ENGINE_REQUIRED', `${name} is required but away: ${detail ?? status}`, {
        hint: `start it, say where it is (--${name === 'yara' ? 'yara' : 'clamd'}), or leave it out of --require`,
      });
    }
    return engines;
  }

  /** Something is to be asked of them that nobody knows. Throws BL_RULES. */
  async wake(): Promise<void> {
    if (this.#child instanceof SleepingYara) await this.#child.wake();
  }

  /** As they are now; one that was away from the start stays what it was. */
  async ask(): Promise<Engines> {
    const { clamav, yara } = this.state;
    return {
      clamav:
        clamav.status === 'ok' || clamav.status === 'unproven'
          ? (await findClamav(this.#choice)).state
          : clamav,
      yara: await this.#yaraNow(yara),
    };
  }

  /** Who answers now; that clamd still finds its canary is not asked. */
  async now(): Promise<EnginesNow> {
    const { clamav, yara } = this.state;
    return { state: { clamav, yara: await this.#yaraNow(yara) }, endpoints: this.endpoints };
  }

  async #yaraNow(before: YaraState): Promise<YaraState> {
    if (this.#child !== null) return this.#child.state();
    const { yara } = this.#choice;
    return typeof yara === 'object' && yara !== null && before.status === 'ok' ? probeYara(yara) : before;
  }

  /** For whoever measures memory. */
  pids(): readonly number[] {
    return this.#child?.pids() ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.close();
  }
}

export async function findClamav(choice: EngineChoice): Promise<Found<ClamavState, ClamdEndpoint>> {
  const { clamd, clamd_canary, clamd_conf, clamd_max_age_days } = choice;
  if (clamd === null) {
    return { state: clamavAway('off', null, null), endpoint: OFF };
  }
  const { address, state, canary, threads } = await findClamd(clamd, {
    canary: clamd_canary,
    conf: clamd_conf,
  });
  // It answers, but not as clamd does: waiting for it again at every artifact would end in a hang.
  if (state.status === 'failed')
    return { state, endpoint: { away: 'engine_failed', detail: state.detail ?? 'failed' } };
  return { state, endpoint: { address, canary, threads, stale: staleness(state, clamd_max_age_days) } };
}

const DAY_MS = 86_400_000;

/** What nobody knows the age of (own databases have no date) is not old. */
function staleness({ database_time }: ClamavState, maxDays: number | null): string | null {
  if (database_time === null || maxDays === null) return null;
  const days = Math.floor((Date.now() - Date.parse(database_time)) / DAY_MS);
  return days <= maxDays ? null : `its signatures are ${days} days old; at most ${maxDays} are accepted`;
}

type Started = Found<YaraState, { socket: string } | YaraService> & { child: YaraChild | null };

async function asleep(choice: EngineChoice, known: YaraState): Promise<Started> {
  const child = new SleepingYara(childOptions(choice), known);
  return { child, state: await child.state(), endpoint: { socket: child.socketPath } };
}

function childOptions({ rules, yara_engines, yara_cache }: EngineChoice): YaraChildOptions {
  return {
    rulesDirs: rules,
    engines: yara_engines,
    ...(yara_cache === null ? {} : { cacheFolder: yara_cache }),
  };
}

export async function startYara(choice: EngineChoice): Promise<Started> {
  if (choice.yara === null) return { child: null, state: yaraAway('off', null, null), endpoint: OFF };
  if (choice.yara !== 'embedded') {
    return { child: null, state: await probeYara(choice.yara), endpoint: choice.yara };
  }
  try {
    const child = await startYaraChild(childOptions(choice));
    return { child, state: await child.state(), endpoint: { socket: child.socketPath } };
  } catch (error) {
    if (error instanceof BackupLensError && error.code === 'BL_RULES') throw error;
    const detail = inWords(error);
    return {
      child: null,
      state: yaraAway('failed', null, detail),
      endpoint: { away: 'engine_failed', detail },
    };
  }
}
