import type { Finding } from '../../domain/index.ts';
import type { Log } from '../../observe/index.ts';
import { MassWindow, type Attack } from '../../pipeline/index.ts';
import type { Store } from '../../store/index.ts';
import { shown } from './examination.ts';
import type { ServiceMetrics } from './service-metrics.ts';

export interface TogetherOptions {
  /** The watched folder. */
  readonly root: Buffer;
  readonly window_ms: number;
  readonly store: Store;
  readonly log: Log;
  readonly metrics: ServiceMetrics;
  readonly who: string;
}

/** Counts what arrives, top folder by top folder; an attack is written down, told and counted once, when it is found. */
export function arrivalsTogether({ root, window_ms, store, log, metrics, who }: TogetherOptions) {
  const window = new MassWindow(window_ms);
  return async (path: Buffer, findings: readonly Finding[]): Promise<Attack | null> => {
    const folder = topFolder(path, root);
    const attack = window.add(folder.toString('latin1'), findings);
    if (attack?.is_new !== true) return attack;
    const { detail } = attack.mass;
    log.error('an attack that encrypts: look at this folder', {
      untrusted: { folder: shown(folder), detail },
    });
    metrics.attacked();
    const nothing = { file: null, item: null, sha256: null, verdict: null, decision: null };
    const time = new Date().toISOString();
    await store.journal.append({ ...nothing, action: 'mass_encryption', time, who, path: folder, detail });
    return attack;
  };
}

/** The one right below the watched folder; that itself for what lies right in it. */
function topFolder(path: Buffer, root: Buffer): Buffer {
  const end = path.indexOf('/', root.length + 1);
  return end < 0 ? root : path.subarray(0, end);
}
