import { hashSetFolders, loadRansomwareNames, type EffectiveConfig } from '../../config/index.ts';
import { ENTROPY_THRESHOLD, type HashSetsState } from '../../domain/index.ts';
import type { Log } from '../../observe/index.ts';
import type { HashSets, HashTables, PoolOptions } from '../../pipeline/index.ts';
import type { ServiceMetrics } from './service-metrics.ts';
import type { ServiceSettings } from './settings.ts';

/** What scan workers are told beside where engines are: bounds, and the lists of hashes and names as they were last read. */
export class Lists {
  readonly #settings: ServiceSettings;
  readonly #tables: HashTables;
  #names: ReturnType<typeof loadRansomwareNames>;
  #hashes: HashSets | null;

  private constructor(settings: ServiceSettings, tables: HashTables, hashes: HashSets | null) {
    this.#settings = settings;
    this.#tables = tables;
    this.#names = loadRansomwareNames(settings.config.ransomwareNamesFile.value);
    this.#hashes = hashes;
  }

  /** Throws BL_CONFIG. */
  static async read(settings: ServiceSettings, tables: HashTables): Promise<Lists> {
    return new Lists(settings, tables, await tables.read(hashSetFolders(settings.config)));
  }

  /** All of them, or none: throws BL_CONFIG. */
  async readAgain(config: EffectiveConfig): Promise<void> {
    const names = loadRansomwareNames(config.ransomwareNamesFile.value);
    this.#hashes = await this.#tables.read(hashSetFolders(config));
    this.#names = names;
  }

  /** null: there are no lists of hashes. */
  get state(): HashSetsState | null {
    return this.#hashes?.state ?? null;
  }

  /** Where the tables lie, for workers to read. */
  get folder(): string {
    return this.#tables.folder;
  }

  get setup(): Omit<PoolOptions['setup'], 'clamd' | 'yara'> {
    const { limits, passwords } = this.#settings;
    return {
      limits,
      passwords,
      entropy_threshold: ENTROPY_THRESHOLD,
      ransomware_names: this.#names,
      ...(this.#hashes === null ? {} : { hash_sets: this.#hashes.endpoint }),
    };
  }
}

export function tellHashSets(log: Log, metrics: ServiceMetrics, state: HashSetsState | null): void {
  metrics.hashSets(state);
  if (state === null) return;
  const { bad, good, in_both, files, rejected_lines, rejected } = state;
  log.info('hash sets read', { bad, good, in_both, files });
  if (in_both > 0) log.warn('hashes are listed as bad and as good: they count as bad', { in_both });
  if (rejected_lines > 0) {
    log.warn('lines of hash lists were rejected', {
      rejected_lines,
      untrusted: { first: rejected.slice(0, 10) },
    });
  }
}
