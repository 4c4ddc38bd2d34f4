import type { RuleSet } from '../../analyze/yara/load-engine.ts';
import type { Sample } from './neutral-corpus.ts';

/** How rules behave on ordinary content. */
export interface Trial {
  /** By name: in how many samples a rule was found. Private rules are never told. */
  readonly ordinary: ReadonlyMap<string, number>;
  /** Found in a file of no bytes. */
  readonly empty: ReadonlySet<string>;
  /** CPU time, in ms a MB. */
  readonly msPerMb: number;
}

/** A slow set is timed once: the first time says enough. */
const SLOW_MS = 300;
const EMPTY = Buffer.alloc(0);

/** Throws ScanTimedOut, as `scan` does. */
export function tryRules(rules: RuleSet, samples: readonly Sample[]): Trial {
  const ordinary = new Map<string, number>();
  const bytes = samples.reduce((sum, sample) => sum + sample.bytes.length, 0);
  const first = cpuMs(() => {
    for (const sample of samples) {
      for (const { rule } of rules.scan(sample.bytes)) ordinary.set(rule, (ordinary.get(rule) ?? 0) + 1);
    }
  });
  const again = (): number =>
    cpuMs(() => {
      for (const sample of samples) rules.scan(sample.bytes);
    });
  // The first time also pays for memory and caches; the least of several is nearest to the truth on a busy machine.
  const ms = first > SLOW_MS ? first : Math.min(first, again(), again());
  return {
    ordinary,
    empty: new Set(rules.scan(EMPTY).map(({ rule }) => rule)),
    msPerMb: (ms * 1e6) / bytes,
  };
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
