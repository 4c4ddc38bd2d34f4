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

/** Everywhere freshclam may be run, in the order in which it is tried: Podman, Docker, this machine. */
export function findRuntimes(places: Places): Runtime[] {
  const { runtime, container, freshclamConfig } = places;
  const wanted = (name: Runtime['name']): boolean => runtime === 'auto' || runtime === name;
  const user = places.userRuntimeFolder;
  const podman = [
    places.podmanSocket,
    '/run/podman/podman.sock',
    user === null ? null : join(user, 'podman/podman.sock'),
  ].find(isSocket);
  const docker = [places.dockerSocket, '/var/run/docker.sock', '/run/docker.sock'].find(isSocket);
  const local = wanted('freshclam') ? findLocalFreshclam(places.path, freshclamConfig) : null;
  return [
    ...(wanted('podman') && podman ? [containerRuntime('podman', podman, container)] : []),
    ...(wanted('docker') && docker ? [containerRuntime('docker', docker, container)] : []),
    ...(local === null ? [] : [local]),
  ];
}

function isSocket(path: string | null): boolean {
  if (path === null) return false;
  try {
    return statSync(path).isSocket();
  } catch (error) {
    // It may be there, and using it will tell why it cannot be used.
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}
