# Needs Python 3.11 or 3.12, make and a network; everything else is installed into .venv and a cache. `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
UV_VERSION := 0.13.9
ARGS ?=

# Much of a test is waiting for servers: two files of tests at a time. To debug one: make test ARGS="--numprocesses 0 --pdb -k ...".
TWO_AT_A_TIME := --numprocesses 2 --dist loadfile --no-loadscope-reorder

PARTS := domain producer spark cassandra e2e sizes
.PHONY: help run stack test test-faults check format dashboards bench $(PARTS:%=bench-%) bench-growth bench-hold bench-soak lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo '  Options go in ARGS: make run ARGS="--symbols AAPL,BINANCE:BTCUSDT --duration 60"'

run: $(VENV)/.synced-run ## Live candles on this terminal, with no server at all
	@$(PY) -m apps.live $(ARGS)

stack: $(VENV)/.synced-all ## The same through real Kafka, Spark and Cassandra on this machine
	@$(PY) -m devstack fetch
	@$(PY) -m apps.stack $(ARGS)

test: $(VENV)/.synced-all ## Run the tests; servers are real, and started by the tests
	@$(PY) -m devstack fetch
	@$(PY) -m pytest $(TWO_AT_A_TIME) $(ARGS)

test-faults: $(VENV)/.synced-all ## Every fault, long and short, and a table of what held
	@$(PY) -m devstack fetch
	@$(PY) -m pytest tests/fault -m "" $(TWO_AT_A_TIME) $(ARGS)

check: $(VENV)/.synced-all ## Formatting, lint, types and the layers' contracts
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo

format: $(VENV)/.synced-all ## Let the formatter decide
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

dashboards: $(VENV)/.synced-all ## Write Grafana's dashboards anew from deploy/grafana/boards
	@$(PY) -m deploy.grafana.boards $(ARGS)

bench: $(VENV)/.synced-bench ## Measure and write docs/performance.md; one part alone: make bench-domain
	@$(PY) -m devstack fetch
	@$(PY) -m bench $(ARGS)

$(PARTS:%=bench-%) bench-growth bench-hold bench-soak: bench-%: $(VENV)/.synced-bench
	@$(PY) -m devstack fetch
	@$(PY) -m bench $* $(ARGS)

lock: $(UV) ## Resolve uv.lock and the dev stack's jars anew
	$(UV) lock --upgrade
	$(PY) -m devstack lock

clean: ## Remove what was built and the dev stack's data; .venv and the jar cache stay
	@if [ -d .devstack ] && [ -x $(PY) ]; then for folder in .devstack/*/; do $(PY) -m devstack down --name $$(basename $$folder); done; fi
	rm -rf dist build .bench .devstack .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache spark-warehouse metastore_db derby.log
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(UV):
	@python=; for candidate in python3 python3.12 python3.11; do \
	  if $$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "tapeline needs Python 3.11 or 3.12 as python3, python3.12 or python3.11" >&2; exit 1; fi; \
	echo "Creating $(VENV) with $$($$python --version)" && \
	$$python -m venv $(VENV) || { echo "This Python cannot make virtual environments; on Debian: apt install python3-venv" >&2; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# The embedded default needs neither pyspark (300 MB) nor Java.
$(VENV)/.synced-run: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --frozen --inexact --no-dev --extra apps
	@touch $@

$(VENV)/.synced-all: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --frozen --inexact --all-extras
	@touch $@ $(VENV)/.synced-run

$(VENV)/.synced-bench: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --frozen --inexact --all-extras --group bench
	@touch $@ $(VENV)/.synced-all $(VENV)/.synced-run
