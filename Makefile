# The two commands: `make run` and `make test`. Both create .venv themselves and are quick the second time.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed

export STREAMLIT_SERVER_PORT := $(PORT)
# Some images tell Python to keep no compiled modules: then each of the tests' hundreds of processes compiles all anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test check format bench screenshots audit clean

run: $(RUNTIME)
	$(BIN)/python -m forecasting sample load --if-empty
	$(BIN)/streamlit run streamlit_app.py

# In the order of the folders: else each browser file would start the server its folder shares anew.
test: $(DEV)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

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
