import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** From a small file over a socket to an archive of gigabytes. */
export const DURATION_SECONDS: readonly number[] = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1800, 7200];

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

export interface Measure<Label extends string> {
  readonly name: `backuplens_${string}`;
  readonly help: string;
  /** A label's values are few and ours: a name that a file can choose would make a series of its own. */
  readonly labels?: readonly Label[];
}

/** The metrics of one service, in a registry of its own. */
export class Metrics {
  readonly #registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  counter<Label extends string = never>({ name, help, labels = [] }: Measure<Label>): Counter<Label> {
    return new Counter({ name, help, labelNames: labels, registers: [this.#registry] });
  }

  /** `now`, if given, is asked at every collection. */
  gauge<Label extends string = never>(
    { name, help, labels = [] }: Measure<Label>,
    now?: (gauge: Gauge<Label>) => void,
  ): Gauge<Label> {
    return new Gauge({
      name,
      help,
      labelNames: labels,
      registers: [this.#registry],
      ...(now === undefined
        ? {}
        : {
            collect(this: Gauge<Label>): void {
              now(this);
            },
          }),
    });
  }

  histogram<Label extends string = never>(
    { name, help, labels = [] }: Measure<Label>,
    buckets: readonly number[],
  ): Histogram<Label> {
    return new Histogram({
      name,
      help,
      labelNames: labels,
      buckets: [...buckets],
      registers: [this.#registry],
    });
  }

  /** All of them in Prometheus' text format. */
  exposition(): Promise<string> {
    return this.#registry.metrics();
  }
}
