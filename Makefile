# lifeline: install, demo, test, check, check-dashboards, bench, screenshots, fuzz. Everything happens in .venv; constraints.txt pins what was tested.
PYTHON ?= python3
SECONDS ?= 10
RUNS ?= 1000000
VENV := .venv
STAMP := $(VENV)/.installed
BIN := $(VENV)/bin

# The tests start some hundred processes: each would compile what the one before it has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install servers demo test check check-dashboards bench screenshots fuzz
.DELETE_ON_ERROR:

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { echo "The Python module venv is needed: apt-get install python3-venv" >&2; exit 1; }
	@# Most of what comes is never imported: each module is compiled when it is.
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: install
	$(BIN)/lifeline demo

servers:
	@PYTHON=$(PYTHON) ./tests/bring-servers

test:
	@PYTHON=$(PYTHON) ./tests/bring-servers venv
	@$(MAKE) --no-print-directory --jobs 2 servers install
	$(BIN)/python -m pytest -m alone $(ARGS) || [ $$? -eq 5 ] # 5: ARGS names none of these
	$(BIN)/python -m pytest -m rehearsal --numprocesses 3 --dist worksteal $(ARGS) || [ $$? -eq 5 ]
	$(BIN)/python -m pytest -m "not alone and not rehearsal" --numprocesses 4 --dist loadscope --no-loadscope-reorder $(ARGS) || [ $$? -eq 5 ]

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check-dashboards: install
	deploy/check-compose
	$(BIN)/lifeline dashboards build dashboards/generated
	cd dashboards/types && npm install --silent --no-audit --no-fund --no-package-lock
	cd dashboards/types && node write-check.mjs && npx tsc --project .

bench: install
	$(BIN)/lifeline bench ingest --seconds $(SECONDS)

screenshots: install
	$(BIN)/python -m pytest tests/acceptance/screenshots.py

fuzz: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[fuzz]'
	$(BIN)/python tests/fuzz/fuzz_ingest.py $(RUNS)
