import type { Metrics } from '../../observe/index.ts';
import { ENGINES, type CacheUsage, type CacheWork } from '../../pipeline/index.ts';

/** What the cache of verdicts saves, and what it takes; the names are part of the service's outward face (docs/operations.md). */
export class CacheMetrics {
  readonly #files;
  readonly #answers;
  readonly #refused;
  readonly #notKept;
  readonly #evicted;
  readonly #bytes;

  constructor(metrics: Metrics) {
    this.#files = metrics.counter({
      name: 'backuplens_cache_files_total',
      help: 'Files, by how they were told: examined, by their content, or by their metadata.',
      labels: ['by'],
    });
    this.#answers = metrics.counter({
      name: 'backuplens_cache_answers_total',
      help: 'Artifacts, by whether the engine was asked or its answer known.',
      labels: ['engine', 'answer'],
    });
    this.#refused = metrics.counter({
      name: 'backuplens_cache_refused_total',
      help: 'Entries that somebody else has written or changed. Must stay 0.',
    });
    this.#notKept = metrics.counter({
      name: 'backuplens_cache_not_kept_total',
      help: 'Verdicts that could not be kept.',
    });
    this.#evicted = metrics.counter({
      name: 'backuplens_cache_evicted_total',
      help: 'Entries that made room for others.',
    });
    this.#bytes = metrics.gauge({ name: 'backuplens_cache_bytes', help: 'What the cache takes.' });
  }

  /** As of now, since the service began: totals, that are set and not added up. */
  tell(work: CacheWork, { bytes, evicted }: CacheUsage): void {
    for (const counter of [this.#files, this.#answers, this.#refused, this.#notKept, this.#evicted])
      counter.reset();
    this.#files.inc({ by: 'examined' }, work.read);
    this.#files.inc({ by: 'content' }, work.by_content);
    this.#files.inc({ by: 'metadata' }, work.by_metadata);
    for (const engine of ENGINES) {
      this.#answers.inc({ engine, answer: 'asked' }, work.asked[engine] ?? 0);
      this.#answers.inc({ engine, answer: 'known' }, work.known[engine] ?? 0);
    }
    this.#refused.inc(work.refused);
    this.#notKept.inc(work.not_kept);
    this.#evicted.inc(evicted);
    if (bytes !== null) this.#bytes.set(bytes);
  }
}
