# Every target does its own set-up: Node.js 20 or newer, npm and make are enough to begin with. npm brings the
# Node.js that everything runs under (node_modules/.bin/node); `make test` also wants some Debian packages.
NODE = PATH="$(CURDIR)/node_modules/.bin:$$PATH" node
NPM_RUN = npm run --silent

PREFIX = /usr/local
SERVICES = backuplens-pipeline yara-scanner clamav-updater

.PHONY: help scan up test test-long check build build-service entropy-map install uninstall bench clean \
  docker-up docker-down docker-logs podman-up podman-down podman-logs test-containers secrets dependencies

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

scan: build ## scan and print the decisions: make scan FILES="path …"; without FILES: samples made by code, checked
ifeq ($(strip $(FILES)),)
	@$(NODE) tools/samples.ts
else
	@./bin/backuplens scan $(FILES)
endif

test: dependencies ## checks and tests; installs what they need with apt where it may (NO_INSTALL=1: never)
	@tools/setup/test-packages.sh
	@$(NODE) tools/run-tests.ts

test-long: dependencies ## the tests that take minutes: large files, ten thousand files
	@tools/setup/test-packages.sh
	@$(NPM_RUN) test:long

check: dependencies ## types, lint, format, walls between the rooms, unused code, generated files
	@$(NPM_RUN) check

build: ## compile src/ into dist/ (bin/backuplens starts it)
	@./build.sh

build-service: ## build one service: make build-service SERVICE=backuplens-pipeline (or yara-scanner, clamav-updater)
ifeq ($(filter $(SERVICE),$(SERVICES)),)
	@echo 'unknown service: $(SERVICE)' >&2; echo 'known: backuplens-pipeline, yara-scanner, clamav-updater' >&2; exit 2
else
	@./build.sh
	@echo './bin/$(SERVICE) is ready'
endif

install: build ## install under PREFIX (/usr/local), with its own Node.js: programs, manual pages, completions, systemd units
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' tools/setup/install.sh

uninstall: ## remove what install has put under PREFIX
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' tools/setup/install.sh uninstall

entropy-map: build ## build ./bin/entropy-map, and run it on FILES: make entropy-map FILES="path …"
ifneq ($(strip $(FILES)),)
	@./bin/entropy-map $(FILES)
endif

up: build ## the service in the foreground: watches ./incoming, answers on http://127.0.0.1:8080
	@./bin/backuplens-pipeline

docker-up: secrets ## build and start the stack of docker-compose.yml; published on 127.0.0.1 only
	@tools/setup/compose.sh docker up -d --build

docker-down: ## stop it; volumes stay
	@tools/setup/compose.sh docker down

docker-logs: ## follow what the pipeline logs
	@tools/setup/compose.sh docker logs -f pipeline

podman-up: secrets ## the same with podman-compose
	@tools/setup/compose.sh podman up -d --build

podman-down: ## stop it; volumes stay
	@tools/setup/compose.sh podman down

podman-logs: ## follow what the pipeline logs
	@tools/setup/compose.sh podman logs -f pipeline

test-containers: ## the whole stack under podman and docker, from nothing: as root on Debian; takes minutes
	@test/containers/run.sh

bench: build ## measure speed and memory against clamdscan, yara and sha256sum; writes docs/performance.md
	@tools/setup/test-packages.sh
	@$(NPM_RUN) bench

clean: ## remove what was made here: dist, samples, coverage (node_modules stays)
	@rm -rf dist samples coverage

secrets:
	@tools/setup/secrets.sh

dependencies:
	@tools/setup/dependencies.sh
