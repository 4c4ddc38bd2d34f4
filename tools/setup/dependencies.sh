#!/bin/sh
# Installs the npm packages of package-lock.json when they are missing or older than it.
set -eu
cd "$(dirname "$0")/../.."
mark=node_modules/.package-lock.json # npm writes it last
if [ -f "$mark" ] && [ -z "$(find package-lock.json -newer "$mark" -print)" ]; then exit 0; fi
command -v npm >/dev/null || {
  echo 'npm is missing: install Node.js 20 or newer with npm, then run this again' >&2
  exit 2
}
echo 'installing the npm packages of package-lock.json (npm ci)' >&2
npm ci --no-audit --no-fund --loglevel=error >&2
touch "$mark"
