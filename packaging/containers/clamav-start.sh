#!/bin/sh
# How clamd starts in its container: databases that lie in ./clamav-db are taken over when they are newer than those in
# the volume, and with any database at hand no network is needed. Only without one does the image's own start fetch it.
set -eu
databases=/var/lib/clamav
for new in /clamav-db/*.c[vl]d /clamav-db/*.?db /clamav-db/*.hsb; do
  [ -f "$new" ] || continue
  name=${new##*/}
  if [ -e "$databases/$name" ] && [ ! "$new" -nt "$databases/$name" ]; then continue; fi
  cp "$new" "$databases/.$name.new" && mv "$databases/.$name.new" "$databases/$name"
  echo "taken over from ./clamav-db: $name"
done
mkdir -p /run/clamav
for database in "$databases"/*.c[vl]d "$databases"/*.?db "$databases"/*.hsb; do
  if [ -f "$database" ]; then exec clamd --foreground --config-file=/etc/clamav/clamd.conf; fi
done
echo 'no database yet: fetching one (or put .cvd files into ./clamav-db)'
exec /init-unprivileged
