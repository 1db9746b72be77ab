# Everything runs in .venv, made with Python's own venv from requirements.lock.
VENV ?= .venv
BIN := $(VENV)/bin
PYTHON := $(or $(PYTHON),$(shell for name in python3.11 python3.12 python3.13 python3; do \
  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done))
CODE := arbsite feeds risk trading markets tests manage.py

.DEFAULT_GOAL := help
.PHONY: help demo servers test check format bench golden crash replay oracles oracles-lock lock clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/.complete: requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=."; exit 2; }
	@echo "Preparing $(VENV) from requirements.lock (some minutes on a slow connection)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

demo: $(BIN)/.complete  ## the whole site on this machine, on fake venues; Ctrl-C stops it (SCENARIO=name, RECORDING=files)
	@$(BIN)/python manage.py demo $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(RECORDING),--recording $(RECORDING))

servers: $(BIN)/.complete  ## only the private PostgreSQL and Valkey, in the foreground
	@$(BIN)/python manage.py servers

# Each process has servers of its own; with servers that were given there can be but one.
JOBS ?= $(if $(REDIS_URL)$(DATABASE_URL),0,2)

test: $(BIN)/.complete  ## every test, in two processes; a file stays in one (JOBS=0 for none beside)
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile

check: $(BIN)/.complete  ## format, lint, types, import contracts, Django's checks, migrations
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py check
	$(BIN)/python manage.py makemigrations --check --dry-run

format: $(BIN)/.complete  ## rewrite the code in the project's format
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

bench: $(BIN)/.complete  ## the benchmarks, measured on this machine
	$(BIN)/python -m tests.bench

live-test: $(BIN)/.complete  ## read the real venues with your keys: LIVE_TESTS=1 make live-test; see docs/live.md
	@if [ "$$LIVE_TESTS" = 1 ]; then $(BIN)/python -m pytest tests/live -v; \
	else echo "Nothing was asked of any venue: this talks to the real ones. Say LIVE_TESTS=1; docs/live.md says what it does."; exit 3; fi

golden: $(BIN)/.complete  ## rewrite the golden stories; review the difference before committing
	GOLDEN_REWRITE=1 $(BIN)/python -m pytest tests/golden

crash: $(BIN)/.complete  ## kill a real worker at every named point and audit what follows (MODE=paper, POINTS="unwinding relay")
	@$(BIN)/python -m tests.crash --mode $(or $(MODE),paper) $(POINTS)

replay: $(BIN)/.complete  ## run a journal again: make replay FILE=path
	@$(BIN)/python manage.py replay $(FILE)

.venv-oracles/.complete: requirements.oracles.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=."; exit 2; }
	@test -x .venv-oracles/bin/python || $(PYTHON) -m venv .venv-oracles
	@.venv-oracles/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.oracles.lock
	@touch $@

oracles: $(BIN)/.complete .venv-oracles/.complete  ## the venues' own SDKs against the fakes; VENUE=kalshi for one
	@$(BIN)/python -m tests.oracles.run $(VENUE)

oracles-lock: $(BIN)/.complete  ## new versions into requirements.oracles.lock
	@test -x $(BIN)/uv || command -v uv >/dev/null || { echo "uv is needed: $(BIN)/python -m pip install uv"; exit 2; }
	PATH="$(BIN):$$PATH" uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-strip-extras --no-emit-index-url --no-emit-find-links -o requirements.oracles.lock requirements.oracles.in

lock: $(BIN)/.complete  ## new versions into requirements.lock, from requirements.in
	@test -x $(BIN)/uv || command -v uv >/dev/null || { echo "uv is needed: $(BIN)/python -m pip install uv"; exit 2; }
	PATH="$(BIN):$$PATH" uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-strip-extras --no-emit-index-url --no-emit-find-links -o requirements.lock requirements.in

clean:  ## remove caches and .venv; the data in .local stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov
	find . -name __pycache__ -type d -not -path './.local/*' -prune -exec rm -rf {} +
