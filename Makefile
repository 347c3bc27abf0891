# Every target sets up what it needs; no step needs a file by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Two more than there are cores, since a test that waits for a server or a browser leaves its core idle; ten at most.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n < 8 ? n + 2 : 10)))

.PHONY: setup demo test test-postgresql lint bench audit lock clean browser

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "maswatch needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV) || { echo "this Python has no venv module; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@echo "installing the locked dependencies (about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: setup
	@$(BIN)/maswatch demo

# A browser is brought where it can be: Debian's chromium when run as root, else whatever Chrome is installed.
browser:
	@sh tests/browser/bring_browser.sh

# The tests are shared out between the workers; one file by hand (python -m pytest tests/...) stays in one process.
# Bytecode is kept: each of the many programs that tests start would compile the project anew.
test: setup browser
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# The same on a real PostgreSQL, which comes as a wheel; tests of the SQLite file itself are left out.
test-postgresql: setup browser
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --store postgresql

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m tests.bench

# What can be looked at without a network: that what is installed fits together and is what is locked. A list of it all
# goes to build/; known flaws are looked up where pip-audit is at hand. Strict: a package that could not be looked up is an
# error, for without a way to the list of flaws pip-audit skips every one of them and says that none is known.
audit: setup
	$(BIN)/python -m pip check
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --dry-run --require-hashes -r requirements.lock
	$(BIN)/maswatch deploy sbom --out build --overwrite
	@if command -v pip-audit >/dev/null; then pip-audit --strict --require-hashes --disable-pip -r requirements.lock; \
	else echo "known flaws were not looked up: there is no pip-audit here" >&2; fi

# For whoever changes the dependencies: the lock names no download address, only versions and hashes.
lock:
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade -o requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
