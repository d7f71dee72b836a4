# `make run` and `make test` are all you need. Both create .venv and are quick the second time.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed

export STREAMLIT_SERVER_PORT := $(PORT)
# Some images set this; then each of the hundreds of processes that tests start compiles every module again.
export PYTHONDONTWRITEBYTECODE :=

# The kinds of tests that `make quick` leaves out (tests/kinds.py).
SLOW := browser or faults or postgres or s3 or dask or aws

# Tests write thousands of small databases and files; in memory they do not wait for a disk.
MEMORY := /dev/shm
ROOMY := $(shell test -w $(MEMORY) && df --output=avail -k $(MEMORY) 2>/dev/null | awk 'NR == 2 && $$1 > 2e6')
PYTEST := $(if $(ROOMY),TMPDIR=$(MEMORY)) $(BIN)/python -m pytest

.PHONY: run test quick check format bench screenshots audit clean

run: $(RUNTIME)
	$(BIN)/python -m forecasting sample load --if-empty
	$(BIN)/streamlit run streamlit_app.py

# Tests are handed out in groups, long ones first (tests/scheduling.py). Many of those wait for a lease, a process or
# a browser, so there are more test processes than cores.
test: $(DEV)
	$(PYTEST) --numprocesses 4 --no-loadscope-reorder

# All but the browser, faults, PostgreSQL, S3, Dask and AWS over HTTP: what a developer runs between two edits.
quick: $(DEV)
	$(PYTEST) --numprocesses 3 --no-loadscope-reorder -m "not ($(SLOW))"

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEV)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.refresh
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.solver
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.queue
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.load
	@echo "on real data: $(BIN)/python -m benchmarks.accuracy | chain | pooling | scale"

screenshots: $(DEV)
	OMP_NUM_THREADS=1 $(BIN)/python -m docs.screenshots

audit: $(DEV)
	$(BIN)/pip-audit -r requirements.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Storecast needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(DEV): requirements.txt requirements-dask.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@ $(RUNTIME)
