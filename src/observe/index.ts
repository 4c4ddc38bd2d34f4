/** What a service tells about itself: its log (JSON lines) and its metrics (Prometheus). */
export { openLog, LOG_LEVELS, type Facts, type Log, type LogLevel, type Untrusted } from './log.ts';
export { DURATION_SECONDS, METRICS_TYPE, Metrics, type Measure } from './metrics.ts';
