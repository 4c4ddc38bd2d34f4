import type { Trail } from './artifact.ts';

/** A fact without judgement, such as 7.98 bits/byte. It becomes a Finding only by a rule. */
export interface Measurement {
  readonly name: string;
  readonly engine: string;
  readonly artifact: number;
  readonly trail: Trail;
  readonly value: number | string;
}

/** Bits per byte: the specification's value for `high_entropy`. Text and programs mostly lie below. */
export const ENTROPY_THRESHOLD = 6.5;
