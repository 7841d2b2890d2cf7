# Two commands do everything on a fresh machine: make demo, make test.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo up down test test-fast faults examples lint format lock clean

help:  ## Say what there is.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(READY)  ## A good model promoted, a bad one taken back, before your eyes. KEEP=1 leaves the site running.
	@$(BIN)/python -m examples.digits.demo $(if $(KEEP),--keep) $(if $(PORT_BASE),--port-base $(PORT_BASE))

up: $(READY)  ## Start the site.
	@$(BIN)/greenramp up

down: $(READY)  ## Stop the site.
	@$(BIN)/greenramp down

# Hundreds of tests wait for real servers on a machine whose load nobody knows: what fails is tried once more, and told.
test: $(READY)  ## All tests, the fast ones first.
	$(BIN)/pytest --reruns 1 -n 2 -m "not e2e and not load and not faults and not examples"
	$(BIN)/pytest --reruns 1 -n 2 --dist loadfile -m e2e
	$(BIN)/pytest --reruns 1 -m load

test-fast: $(READY)  ## Only the tests that start no site and take seconds.
	$(BIN)/pytest -n 2 -m "not e2e and not load and not faults and not examples"

# What has passed stands in .greenramp-faults.jsonl and is left out; with AGAIN=1 it begins anew. Two sites, each its share.
faults: $(READY)  ## Every fault at every place of a release, with a table at the end; hours. CELLS="kill-flow and canary" takes some.
	$(if $(AGAIN),rm -f .greenramp-faults.jsonl)
	$(BIN)/pytest -n 2 -m faults tests/e2e/faults $(if $(CELLS),-k "$(CELLS)")

examples: $(READY)  ## Every release of every example, on one site.
	$(BIN)/pytest -m examples tests/e2e/test_examples.py

lint: $(READY)  ## Style, types, import rules, configuration.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/greenramp check

format: $(READY)  ## Put the code into the common style.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(READY)  ## Choose exact versions anew, within the limits of pyproject.toml.
	$(BIN)/uv pip compile --quiet --upgrade --universal --no-emit-index-url --python-version 3.11 --all-extras \
		pyproject.toml --output-file requirements.lock
	$(MAKE) $(READY)

clean:  ## Remove what make and the tests have made.
	rm -rf $(VENV) .greenramp-demo .greenramp-faults.jsonl .pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info

# Debian's python3 comes without venv; where that is missing it is installed, or the command that does it is named.
$(READY): requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (some minutes the first time) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: Greenramp needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 ..."; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) 2>/dev/null \
		|| { rm -rf $(VENV); apt-get update -qq && apt-get install -qq -y python3-venv >/dev/null && $(PYTHON) -m venv $(VENV); } \
		|| { rm -rf $(VENV); echo "error: Python has no venv module; install it with: apt-get install python3-venv"; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -E '^uv==' requirements.lock | cut -d' ' -f1)"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --compile-bytecode requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@
