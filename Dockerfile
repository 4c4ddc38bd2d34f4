# The three services: docker build --target pipeline|yara-scanner|clamav-updater .
# Base, pinned by whoever builds: --build-arg NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim@sha256:…
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

# --- What runs: dist, and the packages of the lock file that running needs -----------------------------------------
FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY src src
COPY tools/build.ts tools/bundle.ts tools/
# One step, so that no layer ever holds the 500 MB of what only building needs. The image brings its own Node.js: the one
# from npm is for machines that have none.
RUN npm ci --no-audit --no-fund --loglevel=error \
  && npm run --silent build \
  && npm prune --omit=dev --no-audit --no-fund --loglevel=error \
  && rm -rf node_modules/node-linux-* node_modules/.bin/node node_modules/.cache /root/.npm

# --- What they share ------------------------------------------------------------------------------------------------
FROM ${NODE_IMAGE} AS base
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="BackupLens" \
  org.opencontainers.image.description="Scans backups before they are restored" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.licenses="MIT"
# Nothing is installed when it runs: no npm, no package lists.
RUN rm -rf /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/corepack /opt/yarn* \
    /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /root/.npm \
  && install -d -o node -g node /incoming /quarantine /rules \
  && install -d -m 1777 /data /scratch /cache
WORKDIR /app
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
COPY bin bin
COPY config config
COPY yara-rules yara-rules
COPY packaging/containers/health.mjs health.mjs
ENV BACKUPLENS_CONTAINER=1 NODE_ENV=production TMPDIR=/scratch PATH=/app/bin:$PATH
# Relative paths in the configuration mean those of the specification: /incoming, /config, /rules …
WORKDIR /
USER node
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/app/health.mjs"]

FROM base AS yara-scanner
# Folders of their own inside the volumes, which whoever runs it may write to.
ENV PORT=8081 YARA_CACHE_DIR=/cache/yara
EXPOSE 8081
CMD ["yara-scanner"]

# freshclam is in it, so that it can update a database it shares with clamd without the socket of any runtime. Its user
# is clamd's in the official image, by number.
FROM base AS clamav-updater
USER root
RUN apt-get update -qq \
  && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends clamav-freshclam ca-certificates >/dev/null \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log /etc/clamav
ENV PORT=8082 TMPDIR=/tmp FRESHCLAM_CONFIG=/app/config/clamav/freshclam.conf
EXPOSE 8082
USER 100:101
CMD ["clamav-updater"]

FROM base AS pipeline
ENV PORT=8080 DATA_DIR=/data/store
EXPOSE 8080
CMD ["backuplens-pipeline"]
