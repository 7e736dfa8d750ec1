# Everything a machine with Python 3.11 and make needs to run, test and measure Mission Control.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet --quiet --require-hashes

.PHONY: run demo demo-v1 test stress lint check bench lock format clean
.DEFAULT_GOAL := run

run: $(VENV)/run
	@exec $(BIN)/python -m missioncontrol.up

demo: $(VENV)/run
	@$(BIN)/python manage.py simulate --agents 50 --minutes 5

# ARGS=--by-hand: you are the person at the dashboard; ARGS=--keep: look at it afterwards; ARGS='--pace 3': slower.
demo-v1: $(VENV)/dev
	@$(BIN)/python -m simulation.v1 $(ARGS)

test: $(VENV)/dev
	@$(BIN)/python -m tests.servers
	@$(BIN)/python -m pytest
	@cd client && ../$(BIN)/python -m pytest -n 2

# A thousand rounds of what every run of the tests does two hundred of, and a move of a million rows to PostgreSQL.
stress: $(VENV)/dev
	@MC_TEST_CLAIMS=1000 $(BIN)/python -m pytest -n 0 --durations 0 tests/distributed/test_claim_races.py
	@MC_TEST_AGENTS=500 $(BIN)/python -m pytest -n 0 --durations 0 tests/distributed/test_many_nodes.py
	@MC_TEST_FUZZ_SECONDS=60 $(BIN)/python -m pytest -n 0 --timeout 300 tests/realtime/test_fuzzed_sockets.py
	@MC_TEST_MOVED_ROWS=1000000 $(BIN)/python -m pytest -n 0 --durations 0 tests/system/test_move.py

lint: $(VENV)/dev
	@$(BIN)/python -m tools.lint

check: lint test

bench: $(VENV)/dev
	@$(BIN)/python -m bench

format: $(VENV)/dev
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

# Needs the network: resolves the newest versions that pyproject.toml allows, and pins them with their hashes.
lock: $(VENV)/dev
	@$(BIN)/python -m tools.lock

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Mission Control needs Python 3.11 or newer; set PYTHON to it."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Mission Control needs Python 3.11 or newer; this is %d.%d. Set PYTHON to another one." % sys.version_info[:2])'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run: requirements.lock | $(VENV)/bin/python
	@echo "Installing the pinned packages into $(VENV) ..."
	@$(PIP) -r requirements.lock
	@touch $@

$(VENV)/dev: requirements-dev.lock client/pyproject.toml | $(VENV)/bin/python
	@echo "Installing the pinned packages and tools into $(VENV) ..."
	@$(PIP) -r requirements-dev.lock
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-index --no-build-isolation -e client
	@touch $@ $(VENV)/run

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
