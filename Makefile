# Needs make, a network, and uv or any Python 3.8 or newer; everything else is installed into .venv and a cache. `make help` lists the commands.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
# uv makes the environment: the one on PATH, else one that a Python of this machine installs into $(TOOLS).
TOOLS := .tools
UV := $(or $(shell command -v uv 2>/dev/null),$(TOOLS)/bin/uv)
UV_VERSION := 0.13.9
ARGS ?=
# Rounds of fuzzing begin until this time is over; a round may take minutes.
FUZZ_SECONDS ?= 600

# Tests wait for servers most of the time: two files at a time use less than half of two cores, so three run at a time. The servers of a fault are more and larger: two.
# To debug one: make test ARGS="--numprocesses 0 --pdb -k ...". The list of the slowest shows what to shorten.
BY_FILE := --dist loadfile --no-loadscope-reorder --durations 60 --durations-min 4

PARTS := domain producer spark cassandra e2e sizes secure days
.PHONY: help run stack install test test-faults test-images test-kubernetes image fuzz audit check format dashboards deployment bench $(PARTS:%=bench-%) bench-growth bench-hold bench-soak lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo '  Options go in ARGS: make run ARGS="--symbols AAPL,BINANCE:BTCUSDT --duration 60"'

run: $(VENV)/.synced-run ## Live candles on this terminal, without servers
	@$(PY) -m apps.live $(ARGS)

stack: $(VENV)/.synced-all ## The same through real Kafka, Spark and Cassandra on this machine
	@$(PY) -m devstack fetch
	@$(PY) -m apps.stack $(ARGS)

install: $(VENV)/.synced-all ## Install what all programs need into .venv

test: $(VENV)/.synced-all ## Run the tests; they start real servers
	@scripts/install-debian-packages
	@$(PY) -m devstack fetch
	@$(PY) -m pytest $(BY_FILE) --numprocesses 3 $(ARGS)

test-faults: $(VENV)/.synced-all ## Run all tests of faults and print a table of the results
	@$(PY) -m devstack fetch
	@$(PY) -m pytest tests/fault tests/secure tests/contract tests/unit/adapters/spark/test_ports.py tests/unit/adapters/spark/test_tls.py tests/integration/reconcile/test_command.py -m "" $(BY_FILE) --numprocesses 2 $(ARGS)

test-images: $(VENV)/.synced-all ## Build the container images and run programs in them
	@$(PY) -m pytest tests/deploy/test_images.py -m images $(ARGS)

test-kubernetes: export PATH := $(CURDIR)/$(TOOLS)/bin:$(PATH)
test-kubernetes: $(VENV)/.synced-all $(TOOLS)/bin/kube-apiserver ## Let an API server of Kubernetes judge the overlays; needs Go, etcd and kubectl
	@$(PY) -m pytest tests/deploy/test_api_server.py -m kubernetes $(ARGS)

$(TOOLS)/bin/kube-apiserver:
	@scripts/build-kube-apiserver $@

image: ## Build the container images with docker, podman or buildah
	@deploy/images/build $(ARGS)

fuzz: $(VENV)/.synced-all ## Fuzz what comes from outside for 10 minutes, or make fuzz FUZZ_SECONDS=60
	@end=$$(($$(date +%s) + $(FUZZ_SECONDS))); while [ $$(date +%s) -lt $$end ]; do \
	  HYPOTHESIS_PROFILE=fuzz $(PY) -m pytest tests/fuzz tests/unit/apps/web/test_api_fuzz.py --timeout 0 --numprocesses 2 $(ARGS) || exit 1; \
	done

audit: $(VENV)/.synced-audit ## Check dependencies for known vulnerabilities; write SBOMs and licences to build/audit
	@$(PY) -m audit

check: $(VENV)/.synced-all ## Check the format, lint, types and the contracts between layers
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo

format: $(VENV)/.synced-all ## Format the code and apply the fixes of the linter
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

deployment: $(VENV)/.synced-all ## Generate the files of deploy/ that other files define
	@$(PY) -m deploy.generator

dashboards: $(VENV)/.synced-all ## Generate Grafana's dashboards from deploy/grafana/boards
	@$(PY) -m deploy.grafana.boards $(ARGS)

bench: $(VENV)/.synced-bench ## Measure and write docs/performance.md; for one part: make bench-domain
	@$(PY) -m devstack fetch
	@$(PY) -m bench $(ARGS)

$(PARTS:%=bench-%) bench-growth bench-hold bench-soak: bench-%: $(VENV)/.synced-bench
	@$(PY) -m devstack fetch
	@$(PY) -m bench $* $(ARGS)

lock: $(VENV)/.synced-all ## Resolve uv.lock and the dev stack's jars again
	$(UV) lock --upgrade
	$(PY) -m devstack lock

clean: ## Remove build output and the dev stack's data; .venv, .tools and the jar cache stay
	@if [ -d .devstack ] && [ -x $(PY) ]; then for folder in .devstack/*/; do $(PY) -m devstack down --name $$(basename $$folder); done; fi
	rm -rf dist build .bench .devstack .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache spark-warehouse metastore_db derby.log
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -not -path './$(TOOLS)/*' -prune -exec rm -rf {} +

$(TOOLS)/bin/uv:
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null || continue; \
	  echo "Installing uv $(UV_VERSION) into $(TOOLS) with $$($$python --version)"; \
	  rm -rf $(TOOLS); \
	  if $$python -m venv $(TOOLS) >/dev/null 2>&1; then \
	    $(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) && exit; \
	  elif $$python -m pip --version >/dev/null 2>&1; then \
	    $$python -m pip install --quiet --disable-pip-version-check --target $(TOOLS) uv==$(UV_VERSION) && exit; \
	  fi; \
	done; \
	echo "To install everything else, make needs uv, or a Python 3.8 or newer with venv or pip. Either will do:" >&2; \
	echo "  https://docs.astral.sh/uv/getting-started/installation, or on Debian: apt-get install python3-venv" >&2; exit 1

# Python 3.11 to 3.13, because PySpark 3.5 runs on no newer one: of this machine, else fetched by uv. Where none can be had, a newer Python
# of this machine: all but Spark runs there.
$(PY): | $(UV)
	@$(UV) venv --quiet --clear --no-python-downloads --python '>=3.11,<3.14' $(VENV) 2>/dev/null || \
	$(UV) venv --quiet --clear --python 3.12 $(VENV) 2>/dev/null || \
	$(UV) venv --quiet --clear --no-python-downloads --python '>=3.11' $(VENV) 2>/dev/null || \
	$(UV) venv --quiet --clear --python 3.12 $(VENV) || { echo "tapeline needs Python 3.11 or newer" >&2; exit 1; }
	@echo "Created $(VENV) with $$($(PY) --version)"

# The embedded default needs neither pyspark (300 MB) nor Java.
$(VENV)/.synced-run: pyproject.toml uv.lock | $(PY)
	@$(UV) sync --frozen --inexact --no-dev --extra apps
	@touch $@

$(VENV)/.synced-all: pyproject.toml uv.lock | $(PY)
	@$(UV) sync --frozen --inexact --all-extras
	@touch $@ $(VENV)/.synced-run

$(VENV)/.synced-audit: pyproject.toml uv.lock | $(PY)
	@$(UV) sync --frozen --inexact --all-extras --group audit
	@touch $@ $(VENV)/.synced-all $(VENV)/.synced-run

$(VENV)/.synced-bench: pyproject.toml uv.lock | $(PY)
	@$(UV) sync --frozen --inexact --all-extras --group bench
	@touch $@ $(VENV)/.synced-all $(VENV)/.synced-run
