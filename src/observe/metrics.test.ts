import { expect, test } from 'vitest';
import { Metrics } from './metrics.ts';

test('two services in one process do not share a metric', async () => {
  const [one, other] = [new Metrics(), new Metrics()];
  one
    .counter({ name: 'backuplens_gaps_total', help: 'h', labels: ['reason'] })
    .inc({ reason: 'encrypted' }, 2);
  other.counter({ name: 'backuplens_gaps_total', help: 'h', labels: ['reason'] });
  expect(await one.exposition()).toContain('backuplens_gaps_total{reason="encrypted"} 2');
  expect(await other.exposition()).not.toContain('encrypted');
});

test('a gauge with a source is as it is when somebody asks', async () => {
  const metrics = new Metrics();
  let depth = 1;
  metrics.gauge({ name: 'backuplens_queue_depth', help: 'h' }, (gauge) => gauge.set(depth));
  expect(await metrics.exposition()).toContain('backuplens_queue_depth 1');
  depth = 5;
  expect(await metrics.exposition()).toContain('backuplens_queue_depth 5');
});

test('a histogram counts in its buckets, and the process tells its memory', async () => {
  const metrics = new Metrics();
  metrics.histogram({ name: 'backuplens_scan_duration_seconds', help: 'h' }, [0.1, 1]).observe(0.5);
  const text = await metrics.exposition();
  expect(text).toContain('backuplens_scan_duration_seconds_bucket{le="0.1"} 0');
  expect(text).toContain('backuplens_scan_duration_seconds_bucket{le="1"} 1');
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
});
