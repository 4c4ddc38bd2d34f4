#!/bin/sh
# Installs the Debian packages of test/packages.txt that are missing, where it may: as root or with a sudo that asks
# no password. NO_INSTALL=1 turns it off. Never fails for a package that could not be had: tools/run-tests.ts names
# what is missing and the tests that it skips for it.
set -eu
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/sbin:/sbin

missing_packages() {
  while read -r package proof; do
    case $package in '' | '#'*) continue ;; esac
    case $proof in
      /*) [ -e "$proof" ] || printf '%s ' "$package" ;;
      *) command -v "$proof" >/dev/null || printf '%s ' "$package" ;;
    esac
  done <test/packages.txt
}

missing=$(missing_packages)
[ -n "$missing" ] || exit 0
if [ -n "${NO_INSTALL:-}" ]; then
  echo "not installed, as NO_INSTALL asks: $missing" >&2
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "missing for the tests, and there is no apt-get here to install them: $missing" >&2
  exit 0
fi
as_root=''
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "missing for the tests; install with: sudo apt-get install $missing" >&2
    exit 0
  fi
  as_root='sudo -n'
fi

# RUNLEVEL and SYSTEMD_OFFLINE keep the packages' own daemons (clamd, freshclam) from being started: the tests start
# what they need themselves. On systems with neither init nothing would be started anyway.
apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 SYSTEMD_OFFLINE=1 \
    apt-get -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@"
}

echo "installing with apt-get for the tests (NO_INSTALL=1 turns this off): $missing" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # a list of package names
install() { apt install --no-install-recommends -y $missing </dev/null >>"$log" 2>&1; }
# The lists of packages are fetched only when those at hand do not do.
if ! install && ! { apt update >>"$log" 2>&1 && install; }; then
  echo 'apt-get could not install all of them; its last words:' >&2
  tail -n 15 "$log" >&2
  # What can be had one by one is better than nothing.
  all=$missing
  for missing in $all; do install || echo "could not be installed: $missing" >&2; done
fi
