#!/bin/sh
# Installs what is missing and compiles src/ into dist/, if dist/ is not up to date. `make build` runs this.
set -eu
cd "$(dirname "$0")"
tools/setup/dependencies.sh
built=dist/.built
if [ -f "$built" ] &&
  [ -z "$(find src tools/build.ts tools/bundle.ts package-lock.json \
    \( -type d -o -name '*.json' -o -name '*.ts' ! -name '*.test.ts' \) -newer "$built" -print | head -n 1)" ]; then
  exit 0
fi
echo 'compiling src/ into dist/' >&2
npm run --silent build >&2
