#!/bin/sh
# The folders that the containers share with this machine, and the token that their services ask for. Never
# overwrites one.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p incoming quarantine yara-rules clamav-db bundles
# The folder is what keeps the token from others: in the containers it is read by users of other numbers.
mkdir -p -m 0700 secrets
mkdir -p secrets/pipeline
if [ ! -s secrets/api-token ]; then
  (umask 022 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >secrets/api-token)
  echo 'made the token of the services: secrets/api-token' >&2
fi
# Who runs make owns what the containers write. Root in a container is what all of this avoids: then it is 1000.
if [ "$(id -u)" -eq 0 ]; then chown 1000:1000 incoming quarantine; fi
