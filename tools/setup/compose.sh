#!/bin/sh
# compose.sh docker|podman ARGUMENTS…: calls the compose tool that is there, or says which one to install.
set -eu
cd "$(dirname "$0")/../.."
engine=$1
shift
if [ "$(id -u)" -ne 0 ]; then
  BACKUPLENS_UID=$(id -u)
  BACKUPLENS_GID=$(id -g)
  export BACKUPLENS_UID BACKUPLENS_GID
fi
have() { command -v "$1" >/dev/null 2>&1; }
if [ "$engine" = podman ]; then
  if have podman && have podman-compose; then exec podman-compose -f podman-compose.yml "$@"; fi
  echo 'podman and podman-compose are needed: apt-get install podman podman-compose netavark aardvark-dns' >&2
else
  if have docker && docker compose version >/dev/null 2>&1; then exec docker compose -f docker-compose.yml "$@"; fi
  if have docker-compose; then exec docker-compose -f docker-compose.yml "$@"; fi
  echo 'docker with docker compose (or docker-compose) is needed: https://docs.docker.com/engine/install/' >&2
fi
exit 2
