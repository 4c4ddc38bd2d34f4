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
# Docker keeps bridges apart by itself; podman does when it is asked to, which podman-compose cannot. So the networks with a way
# out are made before it looks for them, by the name that it gives them.
isolated_networks() {
  project=$(basename "$PWD" | tr '[:upper:]' '[:lower:]' | tr -cd '_a-z0-9-')
  for network in updates pipeline-published yara-published updater-published; do
    podman network exists "${project}_$network" ||
      podman network create --opt isolate=true --label "io.podman.compose.project=$project" \
        --label "com.docker.compose.project=$project" "${project}_$network" >/dev/null ||
      echo "podman makes no isolated network: what takes over an engine can reach the ports of the others" >&2
  done
}
if [ "$engine" = podman ]; then
  if have podman && have podman-compose; then
    if [ "${1:-}" = up ]; then isolated_networks; fi
    exec podman-compose -f podman-compose.yml "$@"
  fi
  echo 'podman and podman-compose are needed: apt-get install podman podman-compose netavark aardvark-dns' >&2
else
  if have docker && docker compose version >/dev/null 2>&1; then exec docker compose -f docker-compose.yml "$@"; fi
  if have docker-compose; then exec docker-compose -f docker-compose.yml "$@"; fi
  echo 'docker with docker compose (or docker-compose) is needed: https://docs.docker.com/engine/install/' >&2
fi
exit 2
