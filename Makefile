# Every target does its own set-up: Node.js 20 or newer, npm and make are enough to begin with. npm brings the
# Node.js that everything runs under (node_modules/.bin/node); `make test` also wants some Debian packages.
NODE = PATH="$(CURDIR)/node_modules/.bin:$$PATH" node
NPM_RUN = npm run --silent

PREFIX = /usr/local
SERVICES = backuplens-pipeline yara-scanner clamav-updater

.PHONY: help scan up test test-long check build build-service entropy-map install uninstall bench clean dependencies

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

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

bench: build ## measure speed and memory against clamdscan, yara and sha256sum; writes docs/performance.md
	@tools/setup/test-packages.sh
	@$(NPM_RUN) bench

clean: ## remove what was made here: dist, samples, coverage (node_modules stays)
	@rm -rf dist samples coverage

dependencies:
	@tools/setup/dependencies.sh
