#!/usr/bin/env bash
# make test-containers: builds the images and runs the stack of docker-compose.yml under podman-compose and under dockerd
# with docker-compose, from nothing, in a copy of this folder; ENGINES="podman" for one of them. As root on Debian.
# Ends with `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD
passed=0 failed=0 started=$SECONDS

say() { printf '[%3d s] %s\n' $((SECONDS - started)) "$*"; }
# A sentence, and the command that makes it true.
expect() {
  local sentence=$1
  shift
  if "$@" >"$lab/last.log" 2>&1; then
    passed=$((passed + 1))
    say "ok: $sentence"
  else
    failed=$((failed + 1))
    say "NOT: $sentence"
    tail -n 5 "$lab/last.log" | sed 's/^/        /'
  fi
}
# Until a command succeeds, or 90 seconds are over.
eventually() {
  local until=$((SECONDS + 90))
  until "$@"; do
    ((SECONDS < until)) || return 1
    sleep 1
  done
}

skipped=0
skip() {
  echo "SKIPPED: the container tests under ${engine:-any engine}: $1" >&2
  skipped=$((skipped + 1))
}
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  skip 'they want root on Debian, to install an engine and start it'
  echo '0 passed, 0 failed, 1 skipped'
  exit 0
fi

. "$here/test/containers/engine.sh"

token() { cat "$lab/app/secrets/api-token"; }
status() { "$runtime" exec backuplens-pipeline backuplens status --json; }
state_of() { "$runtime" exec backuplens-pipeline backuplens status --json | jq -e "$1"; }
drop() { printf '%s' "$2" >"$lab/app/incoming/.$1" && chown 1000:1000 "$lab/app/incoming/.$1" && mv "$lab/app/incoming/.$1" "$lab/app/incoming/$1"; }
# What of the pipeline and the updater answers a container, at any address that either has: all are tried at once, since each
# that drops what it gets costs the five seconds.
answers_to() {
  local name port address
  for name in backuplens-pipeline:8080 clamav-updater:8082; do
    port=${name#*:} name=${name%:*}
    for address in $("$runtime" inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$name"); do
      "$runtime" exec "$1" timeout 5 bash -c "exec 3<>/dev/tcp/$address/$port && printf 'GET /health HTTP/1.0\r\n\r\n' >&3 && head -c 1 <&3 | grep -q ." \
        2>/dev/null && echo "$name answers at $address" &
    done
  done
  wait
}
unreached() { [ -z "$(answers_to "$1")" ]; }
running() { [ "$("$runtime" inspect -f '{{.State.Running}}' "$1")" = true ]; }
non_root() { [ "$("$runtime" exec "$1" id -u)" -ne 0 ]; }
read_only() { ! "$runtime" exec "$1" touch /app/x; }
answers() { curl -fsS --max-time 5 "$@"; }
quarantined() { [ "$(find "$lab/app/quarantine" -name '*.blq' | wc -l)" -ge "$1" ]; }
decided() { # a name, a decision
  "$runtime" logs backuplens-pipeline 2>&1 | grep -F "$1" | grep -q "$2"
}

stack() {
  if [ "$engine" = podman ]; then
    podman-compose -f podman-compose.yml "$@"
  else
    docker-compose -f docker-compose.yml "$@"
  fi
}

scenario() {
  # What a signature of this test looks like: joined here, so that no file of ours is one.
  local marker="BackupLens-test-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')"
  printf 'Test.Marker:0:*:%s\n' "$(printf '%s' "$marker" | od -An -v -tx1 | tr -d ' \n')" >clamav-db/test.ndb

  expect 'the stack comes up' timeout 300 "$here/tools/setup/compose.sh" "$engine" up -d
  for name in clamav yara-scanner backuplens-pipeline clamav-updater; do
    expect "$name runs" eventually running "$name"
    expect "$name does not run as root" non_root "$name"
  done
  for name in yara-scanner backuplens-pipeline clamav-updater; do
    expect "$name cannot write to its own root file system" read_only "$name"
  done
  expect 'the pipeline is ready on the published port' eventually answers -H "Authorization: Bearer $(token)" http://127.0.0.1:8080/ready
  expect 'the pipeline wants its token' test "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/ready)" = 401
  expect 'yara-scanner answers on the published port' answers http://127.0.0.1:8081/health
  expect 'the updater answers on the published port' answers http://127.0.0.1:8082/health
  expect 'what took over clamd reaches no API, at none of its addresses' unreached clamav
  expect 'yara-scanner reaches neither the API nor the updater' unreached yara-scanner
  expect 'clamd is not published' bash -c '! (exec 3<>/dev/tcp/127.0.0.1/3310)'

  drop clean.txt 'nothing to see here'
  drop infected.txt "x $marker y"
  (cd "$lab" && printf '%s' "$marker" >inner.txt && tar -czf nested.tar.gz inner.txt)
  install -o 1000 -g 1000 "$lab/nested.tar.gz" "$lab/app/incoming/nested.tar.gz"
  head -c 300000 /dev/urandom >"$lab/random" && install -o 1000 -g 1000 "$lab/random" "$lab/app/incoming/accounts.csv.locked"
  expect 'an infected file is quarantined' eventually quarantined 1
  expect 'an infection inside an archive is quarantined' eventually quarantined 2
  expect 'a clean file stands approved' eventually "$runtime" exec backuplens-pipeline backuplens gate /incoming/clean.txt
  expect 'what looks encrypted is not approved' eventually bash -c "! $runtime exec backuplens-pipeline backuplens gate /incoming/accounts.csv.locked"
  expect 'what looks encrypted waits for a person or is quarantined' eventually state_of '[.. | objects | .held?, .quarantined? | numbers] | add >= 3'

  printf 'rule from_outside { strings: $a = "%s" condition: $a }\n' "of-the-rule-$marker" >yara-rules/added.yar
  expect 'new rules are loaded through the published port' bash -c "curl -fsS -X POST http://127.0.0.1:8081/reload | grep -q '\"success\":true'"
  expect 'the new rule finds' bash -c "curl -fsS -F file=@- http://127.0.0.1:8081/scan <<<'of-the-rule-$marker' | grep -q from_outside"
  expect 'the updater says why there is no update without a network, in order' bash -c \
    "curl -s --max-time 120 -X POST -H 'Authorization: Bearer $(token)' http://127.0.0.1:8082/update | grep -q '\"success\":false'"

  "$runtime" stop clamav >/dev/null
  drop while-away.txt 'scanned while clamd was away'
  expect 'with clamd away an approval is provisional' eventually state_of '.. | objects | .provisional? | numbers | . >= 1'
  "$runtime" start clamav >/dev/null
  expect 'when clamd is back it is scanned again' eventually "$runtime" exec backuplens-pipeline backuplens gate /incoming/while-away.txt

  expect 'the logs target follows the pipeline' bash -c "timeout 60 $here/tools/setup/compose.sh $engine logs pipeline | grep -q watching"
  expect 'it goes down' "$here/tools/setup/compose.sh" "$engine" down
  expect 'it comes up again' timeout 300 "$here/tools/setup/compose.sh" "$engine" up -d
  expect 'what was approved stands approved after that' eventually "$runtime" exec backuplens-pipeline backuplens gate /incoming/clean.txt
  expect 'the journal is whole after that' "$runtime" exec backuplens-pipeline backuplens journal verify
}

# Without systemd nobody runs podman's health checks.
tick() { while sleep 1; do for id in $(podman ps -q); do podman healthcheck run "$id"; done; done >/dev/null 2>&1; }

for engine in ${ENGINES:-podman docker}; do
  lab=$(mktemp -d)
  say "$engine: packages"
  if ! engine_packages 2>"$lab/why"; then
    skip "$(paste -sd ';' "$lab/why")"
    rm -rf --one-file-system "$lab"
    continue
  fi
  engine_up
  ticker=''
  leave() {
    set +e
    [ -z "$ticker" ] || kill "$ticker" 2>/dev/null
    [ "$engine" = podman ] && podman rm -af -t 0 >/dev/null 2>&1 # nothing is left to be saved
    (cd "$lab/app" && stack down -v) >/dev/null 2>&1
    [ "$engine" = podman ] && podman network prune -f >/dev/null 2>&1
    engine_down
    rm -rf --one-file-system "$lab"
  }
  trap leave EXIT
  say "$engine: base images"
  base_images >"$lab/base.log" 2>&1 || { tail -n 20 "$lab/base.log"; exit 1; }
  mkdir "$lab/app"
  git ls-files -co --exclude-standard -z | xargs -0 cp -a --parents -t "$lab/app"
  cd "$lab/app"
  tools/setup/secrets.sh
  say "$engine: build"
  expect 'the three images build' stack build
  "$runtime" images --format '{{.Repository}} {{.Size}}' | grep backuplens || true
  if [ "$engine" = podman ]; then tick & ticker=$!; fi
  here=$lab/app scenario
  if ((failed > 0)); then
    for name in clamav yara-scanner backuplens-pipeline clamav-updater; do
      echo "--- $name"
      "$runtime" logs "$name" 2>&1 | tail -n 15
    done
  fi
  cd "$here"
  leave
  trap - EXIT
done
if ((skipped > 0)); then
  echo "$passed passed, $failed failed, $skipped skipped"
else
  echo "$passed passed, $failed failed"
fi
((failed == 0))
