import type { Finding } from '../../domain/index.ts';
import type { Log } from '../../observe/index.ts';
import { MassWindow, type Attack } from '../../pipeline/index.ts';
import type { ScanSummary, Store } from '../../store/index.ts';
import { shown } from './examination.ts';
import type { ServiceMetrics } from './service-metrics.ts';

export interface TogetherOptions {
  /** The watched folder. */
  readonly root: Buffer;
  readonly window_ms: number;
  readonly store: Store;
  readonly log: Log;
  readonly metrics: ServiceMetrics;
}

/** Of what arrived before this process, at most so many are counted: the newest. */
const MAX_BEFORE = 20_000;
/** And of so many it is read what was found: a report each. Of the others, that they look encrypted is all that is known. */
const MAX_REPORTS = 500;
const MAX_ATTACKS = 1000;
const PAGE = 500;
/** The end of an attack that goes on is moved so often within a window. */
const NOTES_A_WINDOW = 20;

/**
 * Counts what arrives, top folder by top folder; an attack is written down, told and counted once, when it is found. What
 * arrived before this process is counted with it: a restart hides nothing.
 */
export class Together {
  readonly #options: TogetherOptions;
  readonly #window: MassWindow;
  /** When the end of an attack was written down; monotonic, in ms. */
  readonly #noted = new Map<string, number>();

  static async open(options: TogetherOptions): Promise<Together> {
    const together = new Together(options);
    await together.#rebuild();
    return together;
  }

  private constructor(options: TogetherOptions) {
    this.#options = options;
    this.#window = new MassWindow(options.window_ms);
  }

  readonly arrived = async (path: Buffer, findings: readonly Finding[]): Promise<Attack | null> => {
    const { root, log, metrics } = this.#options;
    const folder = topFolder(path, root);
    const attack = this.#window.add(folder.toString('latin1'), findings);
    if (attack === null) return null;
    if (attack.is_new) {
      log.error('an attack that encrypts: look at this folder', {
        untrusted: { folder: shown(folder), detail: attack.mass.detail },
      });
      metrics.attacked();
    }
    await this.#note(folder, attack);
    return attack;
  };

  async #note(folder: Buffer, { mass, is_new }: Attack): Promise<void> {
    const { store, window_ms } = this.#options;
    const key = folder.toString('latin1');
    const now = performance.now();
    const before = this.#noted.get(key) ?? -Infinity;
    if (!is_new && now - before < window_ms / NOTES_A_WINDOW) return;
    const until = new Date(Date.now() + window_ms).toISOString();
    await store.attacks.note({ path: folder, until, mass });
    this.#noted.delete(key);
    this.#noted.set(key, now);
    if (this.#noted.size > MAX_ATTACKS) this.#noted.delete(this.#noted.keys().next().value ?? '');
  }

  async #rebuild(): Promise<void> {
    const { store, window_ms, root } = this.#options;
    const now = Date.now();
    const since = new Date(now - window_ms).toISOString();
    const suspected = new Map<string, readonly Pick<Finding, 'kind' | 'rule' | 'evidence'>[]>();
    for (const { id } of await this.#scans({ since, kind: SUSPECTED })) {
      const result = suspected.size < MAX_REPORTS ? ((await store.scans.get(id))?.result ?? null) : null;
      const found = result?.findings.filter(({ kind }) => kind === SUSPECTED) ?? [];
      suspected.set(id, found.length > 0 ? found : [{ kind: SUSPECTED, rule: '', evidence: {} }]);
    }
    // A file that was judged again did not come again.
    const seen = new Set<string>();
    for (const { id, file, path, finished_at } of (await this.#scans({ since })).toReversed()) {
      if (seen.has(file)) continue;
      seen.add(file);
      const ago = Math.max(0, now - Date.parse(finished_at));
      const folder = topFolder(Buffer.from(path), root).toString('latin1');
      this.#window.add(folder, suspected.get(id) ?? [], ago);
    }
    for (const { path, until, mass } of await store.attacks.lasting(MAX_ATTACKS)) {
      const key = Buffer.from(path).toString('latin1');
      this.#window.attacked(key, mass, Date.parse(until) - now);
    }
  }

  /** Newest first. */
  async #scans(filter: { readonly since: string; readonly kind?: string }): Promise<ScanSummary[]> {
    const all: ScanSummary[] = [];
    for (let before: string | undefined; all.length < MAX_BEFORE;) {
      const page = await this.#options.store.scans.list({ filter, limit: PAGE, before });
      all.push(...page);
      before = page.at(-1)?.id;
      if (page.length < PAGE) break;
    }
    return all;
  }
}

const SUSPECTED = 'encryption_suspected';

/** The one right below the watched folder; that itself for what lies right in it. */
function topFolder(path: Buffer, root: Buffer): Buffer {
  const end = path.indexOf('/', root.length + 1);
  return end < 0 ? root : path.subarray(0, end);
}
