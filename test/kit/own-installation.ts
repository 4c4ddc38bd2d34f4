import { afterEach, beforeEach } from 'vitest';
import {
  allFiles,
  newInstallation,
  startService,
  type Installation,
  type Service,
} from './pipeline-service.ts';

export interface OwnInstallation {
  /** That of the test which runs. */
  readonly at: Installation;
  /** A service in it, ended when the test is over. */
  readonly start: (env?: Readonly<Record<string, string>>, cwd?: string) => Promise<Service>;
  /** When the test is over, the last one first. */
  readonly afterwards: (step: () => unknown) => void;
  /** State by the name below the watched folder: of the newest row of each. */
  readonly states: () => Promise<Record<string, string | undefined>>;
  /** Resolves when all of these names are in these states. */
  readonly settled: (service: Service, expected: Readonly<Record<string, string>>) => Promise<void>;
}

/** Gives each test of a file an installation of its own; `env` is what all its services get besides. */
export function ownInstallation(env: Readonly<Record<string, string>> = {}): OwnInstallation {
  let own: Installation | null = null;
  const steps: (() => unknown)[] = [];
  beforeEach(() => {
    own = newInstallation(env);
  });
  afterEach(async () => {
    for (const step of steps.splice(0).toReversed()) await step();
    own?.remove();
  });
  const now = (): Installation => {
    if (own === null) throw new Error('no test is running');
    return own;
  };
  const at = new Proxy<Installation>(Object.create(null), { get: (_, key) => Reflect.get(now(), key) });
  const states = async (): Promise<Record<string, string | undefined>> =>
    Object.fromEntries(
      (await allFiles(at)).map(({ path, state }) => [
        Buffer.from(path)
          .toString()
          .slice(at.incoming.length + 1),
        state,
      ]),
    );
  return {
    at,
    start: async (more = {}, cwd) => {
      const service = await startService({ ...at.env, ...more }, cwd);
      steps.push(async () => service.kill());
      return service;
    },
    afterwards: (step) => void steps.push(step),
    states,
    settled: async (service, expected) =>
      service.until(async () => {
        const reached = await states();
        return Object.entries(expected).every(([name, state]) => reached[name] === state);
      }, JSON.stringify(expected)),
  };
}
