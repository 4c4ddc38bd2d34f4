/** Where a value came from, as `backuplens config show` prints it. */
export type Origin =
  'default' | `file ${string}` | `bundle ${string}` | `environment ${string}` | `flag --${string}`;

/** An effective value and who set it. */
export interface Setting<T> {
  readonly value: T;
  readonly origin: Origin;
}

/** The first that somebody set, else the default. Callers list them from the strongest down. */
export function firstOf<T>(fallback: T, ...given: readonly (Setting<T> | null)[]): Setting<T> {
  return given.find((setting) => setting !== null) ?? { value: fallback, origin: 'default' };
}
