import { statSync } from 'node:fs';
import { join } from 'node:path';
import { containerRuntime } from './container-runtime.ts';
import type { UpdaterEnvironment } from './environment.ts';
import { findLocalFreshclam } from './local-freshclam.ts';
import type { Runtime } from './runtime.ts';

type Places = Pick<
  UpdaterEnvironment,
  'runtime' | 'container' | 'podmanSocket' | 'dockerSocket' | 'userRuntimeFolder' | 'path' | 'freshclamConfig'
>;

/** Where freshclam can be run, in the order in which it is tried, and what was looked for in vain. */
export interface Found {
  readonly runtimes: readonly Runtime[];
  readonly missing: readonly string[];
}

/** Everywhere freshclam may be run: Podman, Docker, this machine. */
export function findRuntimes(places: Places): Found {
  const { runtime, container, freshclamConfig } = places;
  const wanted = (name: Runtime['name']): boolean => runtime === 'auto' || runtime === name;
  const user = places.userRuntimeFolder;
  const sockets = {
    podman: [
      places.podmanSocket,
      '/run/podman/podman.sock',
      user === null ? null : join(user, 'podman/podman.sock'),
    ],
    docker: [places.dockerSocket, '/var/run/docker.sock', '/run/docker.sock'],
  };
  const runtimes: Runtime[] = [];
  const missing: string[] = [];
  for (const name of ['podman', 'docker'] as const) {
    if (!wanted(name)) continue;
    const paths = sockets[name].filter((path) => path !== null);
    const path = paths.find(isSocket);
    if (path === undefined) missing.push(`no socket of ${name} at ${paths.join(', ')}`);
    else runtimes.push(containerRuntime(name, path, container));
  }
  if (wanted('freshclam')) {
    const local = findLocalFreshclam(places.path, freshclamConfig);
    if (local === null) missing.push('no freshclam on the PATH');
    else runtimes.push(local);
  }
  return { runtimes, missing };
}

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch (error) {
    // It may be there, and using it will tell why it cannot be used.
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}
