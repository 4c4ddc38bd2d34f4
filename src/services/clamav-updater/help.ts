import { describeEnvironment } from './environment.ts';

/** `clamav-updater --help`. */
export const HELP = `Usage: clamav-updater

Updates ClamAV's signature database when asked to: in the container of clamd over the socket of Podman or Docker, or
with the freshclam of this machine; then has clamd load it. Works without a network until somebody asks for an update.

  curl -X POST http://localhost:8082/update
  curl http://localhost:8082/health

Environment (each may also be given with the prefix BACKUPLENS_, which wins):
${describeEnvironment()}

Without a token this service listens on loopback only. A socket of Podman or Docker is root on this machine: with one, a
token is wanted there too, and made where none is set (DATA_DIR/api-token).
`;
