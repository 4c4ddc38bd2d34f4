#!/bin/sh
# Puts the programs under PREFIX (/usr/local), with the Node.js and the packages that they run under: what is installed
# needs nothing of this folder any more. DESTDIR is put before every path, as packagers expect. `install.sh uninstall`
# takes away what an earlier run has put there, and nothing else.
set -eu
cd "$(dirname "$0")/../.."
prefix=${PREFIX:-/usr/local}
case $prefix in
  /*) ;;
  *) echo "PREFIX must be an absolute path: $prefix" >&2 && exit 2 ;;
esac
target=${DESTDIR:-}$prefix
home=$target/lib/backuplens
installed=$home/installed.txt # every path outside $home that was put there, below $target

# Only links and files that the list names; folders of others stay.
remove_listed() {
  [ -f "$installed" ] || return 0
  while read -r path; do
    case $path in bin/* | share/* | lib/systemd/* | lib/sysusers.d/*) rm -f "$target/$path" ;; esac
  done <"$installed"
}

if [ "${1:-}" = uninstall ]; then
  if [ ! -f "$installed" ]; then
    echo "nothing of BackupLens is installed under $target" >&2
    exit 2
  fi
  remove_listed
  rm -rf "$home"
  echo "removed from $target; quarantine, store and configuration stay where they are"
  exit 0
fi

mkdir -p "$target/lib" 2>/dev/null && [ -w "$target/lib" ] || {
  echo "cannot write to $target: give another PREFIX=…, or run make install as one who may" >&2
  exit 2
}
if [ -e "$home" ] && [ ! -f "$installed" ]; then
  echo "$home exists and was not installed by this: move it away first" >&2
  exit 2
fi

PATH=$PWD/node_modules/.bin:$PATH
new=$home.new
rm -rf "$new"
trap 'rm -rf "$new"' EXIT
mkdir -p "$new/node_modules/.bin" "$new/bin"
cp -R dist config yara-rules schema package.json LICENSE "$new/"
cp -P bin/* "$new/bin/"
# npm names every package that running needs; those inside another come along with it.
npm ls --omit=dev --all --parseable 2>/dev/null | sed -n "s|^$PWD/node_modules/||p" | grep -v /node_modules/ |
  while read -r package; do
    mkdir -p "$(dirname "$new/node_modules/$package")"
    cp -R "node_modules/$package" "$new/node_modules/$package"
  done
runtime=$(readlink node_modules/.bin/node || true)
if [ -n "$runtime" ]; then
  ln -s "$runtime" "$new/node_modules/.bin/node"
  rm -rf "$new/node_modules/${runtime#../}/../../include" # C headers
else
  echo 'npm brings no Node.js for this system: the programs will look for one, 24.12 or newer, on PATH' >&2
fi

: >"$new/installed.txt"
share() { # a file, its place below $target
  mkdir -p "$(dirname "$target/$2")"
  rm -f "$target/$2"
  cp "$1" "$target/$2"
  echo "$2" >>"$new/installed.txt"
}
remove_listed
node tools/man-pages.ts "$new/man"
for page in "$new"/man/*.1; do share "$page" "share/man/man1/${page##*/}"; done
rm -r "$new/man"
for program in backuplens entropy-map; do
  for shell in bash zsh fish; do
    case $shell in
      bash) place=share/bash-completion/completions/$program ;;
      zsh) place=share/zsh/site-functions/_$program ;;
      fish) place=share/fish/vendor_completions.d/$program.fish ;;
    esac
    bin/backuplens completion "$shell" --of "$program" >"$new/completion"
    share "$new/completion" "$place"
  done
done
rm "$new/completion"
for unit in packaging/systemd/*.service; do
  sed "s|@PREFIX@|$prefix|g" "$unit" >"$new/unit"
  share "$new/unit" "lib/systemd/system/${unit##*/}"
done
rm "$new/unit"
share packaging/sysusers/backuplens.conf lib/sysusers.d/backuplens.conf
mkdir -p "$target/bin"
for program in bin/*; do
  ln -sfn "../lib/backuplens/$program" "$target/$program"
  echo "$program" >>"$new/installed.txt"
done

# The old one makes way only when the new one is complete: a program that is running keeps its files.
rm -rf "$home.old"
if [ -e "$home" ]; then mv "$home" "$home.old"; fi
mv "$new" "$home"
rm -rf "$home.old"
echo "installed under $target: $(cd "$target/bin" && ls -m backuplens* clamav-updater entropy-map yara-scanner)"
