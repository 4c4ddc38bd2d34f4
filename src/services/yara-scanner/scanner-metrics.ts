import { DURATION_SECONDS, Metrics } from '../../observe/index.ts';
import type { EnginePool } from './engine-pool.ts';
import type { ScanAnswer } from './scan-question.ts';

/** What a yara-scanner tells Prometheus; names that other services have too mean the same there. */
export class ScannerMetrics {
  readonly all = new Metrics();
  readonly #duration = this.all.histogram(
    { name: 'backuplens_scan_duration_seconds', help: 'From the request for a scan to its answer.' },
    DURATION_SECONDS,
  );
  readonly #bytes = this.all.counter({
    name: 'backuplens_scanned_bytes_total',
    help: 'Bytes that were scanned.',
  });
  readonly #gaps = this.all.counter({
    name: 'backuplens_gaps_total',
    help: 'Scans that were not done, by why.',
    labels: ['reason'],
  });

  readonly #deaths = this.all.counter({
    name: 'backuplens_yara_engine_deaths_total',
    help: 'Engine processes that died, or hung and were ended.',
    labels: ['why'],
  });
  readonly #reloads = this.all.counter({
    name: 'backuplens_yara_reloads_total',
    help: 'Reloads of the rules, by how they went.',
    labels: ['result'],
  });

  /** Asks the pool for its state at every collection. */
  watch(pool: EnginePool): void {
    this.all.gauge(
      { name: 'backuplens_engine_up', help: '1 when it can scan, 0 when not.', labels: ['engine'] },
      (gauge) => gauge.set({ engine: 'yara' }, pool.state().rules > 0 ? 1 : 0),
    );
    this.all.gauge({ name: 'backuplens_queue_depth', help: 'Scans that wait for an engine.' }, (gauge) =>
      gauge.set(pool.waiting),
    );
    this.all.gauge({ name: 'backuplens_yara_engines_busy', help: 'Engine processes in a scan.' }, (gauge) =>
      gauge.set(pool.scanning),
    );
    this.all.gauge({ name: 'backuplens_yara_rules', help: 'Rules that are loaded.' }, (gauge) =>
      gauge.set(pool.state().rules),
    );
  }

  scanned(bytes: number, answer: ScanAnswer, durationMs: number): void {
    this.#duration.observe(durationMs / 1000);
    if (answer.ok) this.#bytes.inc(bytes);
    else this.#gaps.inc({ reason: answer.code });
  }

  died(why: 'hung' | 'died'): void {
    this.#deaths.inc({ why });
  }

  reloaded(ok: boolean): void {
    this.#reloads.inc({ result: ok ? 'done' : 'refused' });
  }
}
