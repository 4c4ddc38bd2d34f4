import type { Trail } from './artifact.ts';

/** A fact without judgement, such as 7.98 bits/byte. It becomes a Finding only by a rule. */
export interface Measurement {
  readonly name: string;
  readonly engine: string;
  readonly artifact: number;
  readonly trail: Trail;
  readonly value: number | string;
}
