import type { UpdaterEnvironment } from './environment.ts';

/** What to do when there is nothing to run freshclam with, by what was asked for (UPDATE_RUNTIME). */
export const ADVICE: Readonly<Record<UpdaterEnvironment['runtime'], string>> = {
  auto: 'Install freshclam, give this service the socket of Podman or Docker, or copy databases to ./clamav-db (docs/clamav.md)',
  podman:
    'Start it (systemctl enable --now podman.socket), say where it is (CONTAINER_HOST=unix:///PATH) and that CLAMAV_CONTAINER runs, or leave UPDATE_RUNTIME at auto (docs/clamav.md)',
  docker:
    'Start it, say where it is (DOCKER_HOST=unix:///PATH) and that CLAMAV_CONTAINER runs, or leave UPDATE_RUNTIME at auto (docs/clamav.md)',
  freshclam:
    'Install it (Debian: apt-get install clamav-freshclam), or copy databases to where clamd reads them (docs/clamav.md)',
};
