import type { HealthCheck } from '../../contracts/index.ts';

type Facts = HealthCheck['facts'];

/** Looks at one thing. Several checks where it is several things; none where it does not apply. */
export type Examine = () => Promise<readonly HealthCheck[]>;

export function ok(id: string, what: string, facts: Facts = {}): HealthCheck {
  return { id, state: 'ok', what, todo: null, facts };
}

export function warn(id: string, what: string, todo: string, facts: Facts = {}): HealthCheck {
  return { id, state: 'warn', what, todo, facts };
}

export function fail(id: string, what: string, todo: string, facts: Facts = {}): HealthCheck {
  return { id, state: 'fail', what, todo, facts };
}
