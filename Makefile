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

.PHONY: run test quick check format bench screenshots audit clean

run: $(RUNTIME)
	$(BIN)/python -m forecasting sample load --if-empty
	$(BIN)/streamlit run streamlit_app.py

# In the order of the folders, so that the browser files of one process share its server.
test: $(DEV)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# All but the browser, faults, PostgreSQL, S3, Dask and AWS over HTTP: what a developer runs between two edits.
quick: $(DEV)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not ($(SLOW))"

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
