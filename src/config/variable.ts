import type { z } from 'zod';

/**
 * What is in force where nothing else has a say in it:
 * `usual`: what was given, else the default, which is written as it would be given.
 * `optional`: what was given, else null.
 * `secret`: the same, as a Secret: it is shown nowhere.
 * `special`: load.ts knows.
 */
type Follows = 'usual' | 'optional' | 'secret' | 'special';

export interface Variable<T, F extends Follows = Follows> {
  readonly follows: F;
  /** Turns the text into the value; its message is what was expected. */
  readonly schema: z.ZodType<T, string>;
  /** In words, where it is not a value. */
  readonly default: string;
  readonly doc: string;
  /** Shown as `[redacted]`, also in errors. */
  readonly secret: boolean;
}

type Make<F extends Follows> = <T>(
  schema: z.ZodType<T, string>,
  fallback: string,
  doc: string,
) => Variable<T, F>;

const make =
  <F extends Follows>(follows: F): Make<F> =>
  (schema, fallback, doc) => ({ follows, schema, default: fallback, doc, secret: follows === 'secret' });

export const usual = make('usual');
export const optional = make('optional');
export const secretly = make('secret');
export const variable = make('special');
