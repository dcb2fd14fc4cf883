# What one does with this tree. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
BINARY := $(abspath $(TARGET)/debug/avnology)
BROWSER := tests/browser
EXAMPLE := examples/node
OIDC := tests/oidc
KETO := tests/keto
# In a folder below theirs: a server and what the clients there know it by.
OIDC_SERVER = AVNOLOGY_BIN=$(BINARY) ../python/.venv/bin/python ../../with_server.py OIDC_ISSUER OIDC_API_KEY
KETO_SERVER = AVNOLOGY_BIN=$(BINARY) ../python/.venv/bin/python ../../with_server.py KETO_URL KETO_API_KEY

.PHONY: help run build test check fmt lint deny unit openapi openapi-check browser schemathesis jose imports oidc keto tour bench tools

help: ## Lists these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: export AVNOLOGY_BOOTSTRAP_ADMIN_EMAIL ?= admin@example.com
run: ## Builds and serves on SQLite at http://localhost:8080; prints the first administrator's sign-in link
	$(CARGO) build -p avnology-server
	@exec $(BINARY) serve

build: ## Builds the server without optimisation, as the tests use it
	$(CARGO) build -p avnology-server

test: check unit openapi-check tour browser schemathesis jose imports oidc keto ## Runs everything; installs what is missing
	@echo "make test: all of it passed"

check: fmt-check lint deny ## Format, lints, licences and banned crates

.PHONY: fmt-check
fmt-check:
	$(CARGO) fmt --all -- --check

fmt: ## Formats the code
	$(CARGO) fmt --all

lint: ## Clippy, with warnings as errors
	$(CARGO) clippy --workspace --all-targets -- -D warnings

deny: ## Licences, banned crates, sources (deny.toml)
	scripts/install-cargo-deny.sh
	$(CARGO) deny check bans licenses sources

unit: ## Rust tests, on SQLite and a throw-away PostgreSQL
	scripts/install-packages.sh postgresql
	$(CARGO) test --workspace

openapi: build ## Writes openapi/avnology.json anew
	$(BINARY) openapi > openapi/avnology.json.new && mv openapi/avnology.json.new openapi/avnology.json

openapi-check: build ## Fails when openapi/avnology.json is not the present document
	$(BINARY) openapi --check openapi/avnology.json

tour: build ## Runs the commands of README.md and compares their answers
	scripts/install-packages.sh curl jq oathtool
	$(CARGO) build -p avnology-testkit --example dns
	scripts/check-tour.sh $(BINARY) $(abspath $(TARGET)/debug/examples/dns)

browser: build $(BROWSER)/node_modules/.package-lock.json $(EXAMPLE)/node_modules/.package-lock.json ## Drives the pages in headless Chromium
	scripts/install-packages.sh chromium curl jq
	cd $(BROWSER) && AVNOLOGY_BIN=$(BINARY) npm test

$(BROWSER)/node_modules/.package-lock.json: $(BROWSER)/package.json $(BROWSER)/package-lock.json
	scripts/install-packages.sh nodejs npm
	cd $(BROWSER) && npm ci && touch node_modules/.package-lock.json

$(EXAMPLE)/node_modules/.package-lock.json: $(EXAMPLE)/package.json $(EXAMPLE)/package-lock.json
	scripts/install-packages.sh nodejs npm
	cd $(EXAMPLE) && npm ci && touch node_modules/.package-lock.json

schemathesis: build tests/openapi/.venv/installed ## Tries the API against openapi/avnology.json
	AVNOLOGY_BIN=$(BINARY) tests/openapi/.venv/bin/python -m pytest -q -p no:cacheprovider tests/openapi

imports: build tests/import/.venv/installed ## Imports hashes that other libraries make, and exports of other providers
	AVNOLOGY_BIN=$(BINARY) tests/import/.venv/bin/python -m pytest -q -p no:cacheprovider tests/import

oidc: build $(OIDC)/python/.venv/installed $(OIDC)/node/node_modules/.package-lock.json ## Signs people in to clients of others: in Python, JavaScript, Go and Rust
	scripts/install-packages.sh curl
	cd $(OIDC)/python && $(OIDC_SERVER) .venv/bin/python -m pytest -q -p no:cacheprovider
	cd $(OIDC)/node && $(OIDC_SERVER) npm test
	cd $(OIDC)/go && $(OIDC_SERVER) ../../../scripts/go.sh test -count=1 ./...
	cd $(OIDC)/rust && $(OIDC_SERVER) $(CARGO) test --quiet --locked --target-dir $(abspath $(TARGET))/oidc

$(OIDC)/node/node_modules/.package-lock.json: $(OIDC)/node/package.json $(OIDC)/node/package-lock.json
	scripts/install-packages.sh nodejs npm
	cd $(OIDC)/node && npm ci && touch node_modules/.package-lock.json

keto: build $(KETO)/python/.venv/installed $(KETO)/node/node_modules/.package-lock.json ## Asks for permissions with Keto's own clients, in JavaScript, Python and Go
	scripts/install-packages.sh curl
	cd $(KETO)/python && $(KETO_SERVER) .venv/bin/python -m pytest -q -p no:cacheprovider
	cd $(KETO)/node && $(KETO_SERVER) npm test
	cd $(KETO)/go && $(KETO_SERVER) ../../../scripts/go.sh test -count=1 ./...

$(KETO)/node/node_modules/.package-lock.json: $(KETO)/node/package.json $(KETO)/node/package-lock.json
	scripts/install-packages.sh nodejs npm
	cd $(KETO)/node && npm ci && touch node_modules/.package-lock.json

tests/%/.venv/installed: tests/%/requirements.txt
	scripts/install-packages.sh python3-venv
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --requirement $<
	touch $@

jose: build tests/jose/.venv/installed ## Compares tokens of libs/jose, and what a server signs, with another implementation
	$(CARGO) build -p avnology-jose --example lines
	AVNOLOGY_BIN=$(BINARY) JOSE_LINES=$(abspath $(TARGET)/debug/examples/lines) tests/jose/.venv/bin/python -m pytest -q -p no:cacheprovider tests/jose

bench: ## Measures, and prints the table of docs/performance.md
	bench/run
