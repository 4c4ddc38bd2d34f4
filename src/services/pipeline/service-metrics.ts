import type { FileResult } from '../../contracts/index.ts';
import { DURATION_SECONDS, type Metrics } from '../../observe/index.ts';
import type { Engines, HashSetsState } from '../../domain/index.ts';
import { ENGINES, isUp } from '../../pipeline/index.ts';
import { LANES, type StoreCounts } from '../../store/index.ts';
import type { SinkState } from './outbox/outbox.ts';

/** What the service counts; the names are part of its outward face (docs/operations.md). */
export class ServiceMetrics {
  readonly #metrics: Metrics;
  readonly #scans;
  readonly #artifacts;
  readonly #bytes;
  readonly #findings;
  readonly #gaps;
  readonly #durations;
  readonly #depth;
  readonly #lanes;
  readonly #engines;
  readonly #hashes;
  readonly #hashLines;
  readonly #lost;
  readonly #files;
  readonly #oldest;
  readonly #sweep;
  readonly #unsettled;
  readonly #begun;
  readonly #skipped;
  readonly #paused;
  readonly #attacks;
  readonly #attacked;
  readonly #reviews;
  readonly #seen;
  readonly #silent;
  readonly #sinks;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    this.#scans = metrics.counter({
      name: 'backuplens_scans_total',
      help: 'Files decided, by decision.',
      labels: ['decision'],
    });
    this.#artifacts = metrics.counter({
      name: 'backuplens_artifacts_total',
      help: 'Files and members examined.',
    });
    this.#bytes = metrics.counter({
      name: 'backuplens_scanned_bytes_total',
      help: 'Bytes of files examined.',
    });
    this.#findings = metrics.counter({
      name: 'backuplens_findings_total',
      help: 'Findings, by kind.',
      labels: ['kind'],
    });
    this.#gaps = metrics.counter({
      name: 'backuplens_gaps_total',
      help: 'What was not examined, by reason.',
      labels: ['reason'],
    });
    this.#durations = metrics.histogram(
      { name: 'backuplens_scan_duration_seconds', help: 'From a file being opened to its result.' },
      DURATION_SECONDS,
    );
    this.#depth = metrics.gauge({ name: 'backuplens_queue_depth', help: 'Files that wait for a scan.' });
    this.#lanes = metrics.gauge({
      name: 'backuplens_queue_lane_depth',
      help: 'Files that wait for a scan, by lane.',
      labels: ['lane'],
    });
    this.#engines = metrics.gauge({
      name: 'backuplens_engine_up',
      help: '1 while the engine answers.',
      labels: ['engine'],
    });
    this.#hashes = metrics.gauge({
      name: 'backuplens_hashes',
      help: 'Different known hashes in force.',
      labels: ['set'],
    });
    this.#hashLines = metrics.gauge({
      name: 'backuplens_hash_lines_rejected',
      help: 'Lines of hash lists that say no SHA-256.',
    });
    this.#lost = metrics.counter({
      name: 'backuplens_files_lost_total',
      help: 'Files that are not where the store says. Must stay 0.',
    });
    this.#files = metrics.gauge({ name: 'backuplens_files', help: 'Files by state.', labels: ['state'] });
    this.#oldest = metrics.gauge({
      name: 'backuplens_oldest_seconds',
      help: 'Age of the oldest file that is waiting, provisional, under review or not settled; 0: none.',
      labels: ['of'],
    });
    this.#sweep = metrics.gauge({
      name: 'backuplens_sweep_seconds',
      help: 'What the last look at INCOMING_DIR took.',
    });
    this.#unsettled = metrics.gauge({
      name: 'backuplens_unsettled_files',
      help: 'Files that are still being written.',
    });
    this.#begun = metrics.gauge({
      name: 'backuplens_begun_sets',
      help: 'Folders that look like the beginning of a set: nothing of them is taken yet.',
    });
    this.#skipped = metrics.counter({
      name: 'backuplens_entries_skipped_total',
      help: 'Links, FIFOs, sockets, devices, and what could not be read.',
      labels: ['reason'],
    });
    this.#attacks = metrics.counter({
      name: 'backuplens_mass_encryption_total',
      help: 'Attacks that encrypt, told by what arrived in one folder within MASS_WINDOW.',
    });
    this.#attacked = metrics.gauge({
      name: 'backuplens_attacked_folders',
      help: 'Top folders under an attack that encrypts, as of now.',
    });
    this.#reviews = metrics.gauge({
      name: 'backuplens_reviews',
      help: 'Reviews that are open, and of these what has waited too long.',
      labels: ['state'],
    });
    this.#seen = metrics.gauge({
      name: 'backuplens_last_timestamp_seconds',
      help: 'When a file was last seen, one was last decided, and clamd last found its canary; 0: never.',
      labels: ['of'],
    });
    this.#silent = metrics.gauge({
      name: 'backuplens_silent',
      help: '1 while no new file has come for longer than EXPECT_FILE_WITHIN.',
    });
    this.#sinks = sinkMetrics(metrics);
    this.#paused = metrics.gauge({
      name: 'backuplens_intake_paused',
      help: '1 while nothing new is taken in, for want of disk space.',
    });
  }

  async exposition(): Promise<string> {
    return this.#metrics.exposition();
  }

  scanned(result: FileResult): void {
    this.#scans.inc({ decision: result.decision });
    this.#artifacts.inc(result.coverage.artifacts);
    this.#bytes.inc(result.size ?? 0);
    for (const { kind } of result.findings) this.#findings.inc({ kind });
    for (const { reason, artifacts } of result.gaps) this.#gaps.inc({ reason }, artifacts ?? 1);
    this.#durations.observe(result.duration_ms / 1000);
  }

  attacked(): void {
    this.#attacks.inc();
  }

  lost(): void {
    this.#lost.inc();
  }

  skipped(reason: string): void {
    this.#skipped.inc({ reason });
  }

  begun(sets: number): void {
    this.#begun.set(sets);
  }

  swept(seconds: number, unsettled: number, oldestSeconds: number): void {
    this.#sweep.set(seconds);
    this.#unsettled.set(unsettled);
    this.#oldest.set({ of: 'unsettled' }, oldestSeconds);
  }

  paused(paused: boolean): void {
    this.#paused.set(paused ? 1 : 0);
  }

  engines(state: Engines): void {
    for (const engine of ENGINES) this.#engines.set({ engine }, isUp(state[engine].status) ? 1 : 0);
  }

  hashSets(state: HashSetsState | null): void {
    this.#hashes.set({ set: 'bad' }, state?.bad ?? 0);
    this.#hashes.set({ set: 'good' }, state?.good ?? 0);
    this.#hashLines.set(state?.rejected_lines ?? 0);
  }

  silent(silent: boolean): void {
    this.#silent.set(silent ? 1 : 0);
  }

  sinks(states: readonly SinkState[], now: number): void {
    for (const state of states) {
      const of = { sink: state.name };
      this.#sinks.up.set(of, state.failures === 0 ? 1 : 0);
      this.#sinks.lag.set(of, state.lag);
      const since = state.waiting_since;
      this.#sinks.waits.set(of, since === null ? 0 : Math.max(0, (now - Date.parse(since)) / 1000));
      this.#sinks.delivered.set(of, state.delivered);
      this.#sinks.failures.set(of, state.failures);
      this.#sinks.setAside.set(of, state.set_aside);
      this.#sinks.success.set(of, secondsOf(state.last_success_at));
    }
  }

  counts(counts: StoreCounts, now: number): void {
    let depth = 0;
    for (const lane of LANES) {
      this.#lanes.set({ lane }, counts.waiting[lane]);
      depth += counts.waiting[lane];
    }
    this.#depth.set(depth);
    for (const [state, files] of Object.entries(counts.files)) this.#files.set({ state }, files);
    this.#attacked.set(counts.attacked_folders);
    this.#reviews.set({ state: 'open' }, counts.open_reviews);
    this.#reviews.set({ state: 'escalated' }, counts.escalated_reviews);
    this.#seen.set({ of: 'file_seen' }, secondsOf(counts.last_accepted));
    this.#seen.set({ of: 'decision' }, secondsOf(counts.last_decided));
    this.#seen.set({ of: 'canary_ok' }, secondsOf(counts.last_canary_ok));
    const ages = {
      waiting: counts.oldest_waiting,
      provisional: counts.oldest_provisional,
      review: counts.oldest_review,
    };
    for (const [of, since] of Object.entries(ages)) {
      this.#oldest.set({ of }, since === null ? 0 : Math.max(0, (now - Date.parse(since)) / 1000));
    }
  }
}

function secondsOf(instant: string | null): number {
  return instant === null ? 0 : Date.parse(instant) / 1000;
}

/** Of the receivers of events. What they say outlives a restart: it is kept with their cursors. */
function sinkMetrics(metrics: Metrics) {
  const gauge = (name: string, help: string) =>
    metrics.gauge({ name: `backuplens_event_sink_${name}`, help, labels: ['sink'] });
  return {
    up: gauge('up', '1 while events are delivered.'),
    lag: gauge('lag_records', 'Records of the journal that have not been delivered.'),
    waits: gauge('waiting_seconds', 'Age of the oldest event that could not be delivered; 0: none waits.'),
    delivered: gauge('delivered', 'Events delivered, since the sink was first set.'),
    failures: gauge('failures', 'Attempts in a row that failed.'),
    setAside: gauge('set_aside', 'Events that the receiver refused for good.'),
    success: gauge('last_success_timestamp_seconds', 'When something was last delivered; 0: never.'),
  };
}
