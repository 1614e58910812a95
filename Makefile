# The two commands are `make run` and `make test`.
PYTHON ?= python3
SCALE ?= small
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help run test quick lint types check core rest touched browser engines soak audit bench benchgame wheel clean pictures

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

run: $(VENV)/.run  ## plant the demo shop, open its studies, start the app and the browser
	@$(BIN)/brandswipe demo

test: $(VENV)/.test  ## everything: lint, types, layers, unit, property, simulation, README, browser
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory -j2 browser check  # two at a time: they wait for different things

quick: $(VENV)/.test  ## a minute: lint, types, the tests of recsys, those of app that a change touches
	@$(MAKE) --no-print-directory -j2 touched lint types

lint: $(VENV)/.test  ## ruff, format and rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.test  ## mypy --strict on recsys and app
	$(BIN)/mypy

check: $(VENV)/.test  ## types, and all tests but the browser's, with every branch of recsys covered
	@$(MAKE) --no-print-directory core types rest

core: $(VENV)/.test  ## the tests of recsys alone, with every branch of it covered
	$(BIN)/coverage run -m pytest -m "not soak" tests/recsys
	$(BIN)/coverage report --fail-under=100

rest: $(VENV)/.test  ## all other tests but the browser's, in WORKERS processes
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not soak" \
	  --ignore=tests/recsys --ignore=tests/browser tests

touched: $(VENV)/.test
	files=$$($(BIN)/python -m tests.support.touched) && \
	  $(BIN)/pytest -q -n $(WORKERS) --dist loadfile -m "not soak" tests/recsys $$files

browser: $(VENV)/.test  ## the tests in a real Chromium
	$(BIN)/python -m tests.browser.support.chromium
	$(BIN)/pytest -m "browser and not soak" tests/browser

engines: $(VENV)/.test  ## install what other engines need: Ibis, PostgreSQL's driver, Spark (half a gigabyte)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[engines]'

soak: $(VENV)/.test engines  ## the long proofs: many thousand studies; kills, full disks; a deck in Firefox, in WebKit, behind nginx, a PostgreSQL server, all of which apt installs
	$(BIN)/pytest -m soak

audit: $(VENV)/.test  ## ask PyPI which pinned versions have known holes; what it cannot ask about fails
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[audit]'
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip --strict

bench: $(VENV)/.test  ## what each stage costs, from a planted shop to everybody's brands: SCALE=small|100k|1m|6m
	$(BIN)/python bench/scale.py $(SCALE)

benchgame: $(VENV)/.test  ## how fast the game is, into bench/results: a quarter of an hour, alone
	$(BIN)/python bench/swipes.py
	$(BIN)/python bench/game.py

pictures: $(VENV)/.test  ## take the tour's pictures from the running app, into docs/tour
	$(BIN)/python -m docs.tour.pictures

wheel: $(VENV)/.test  ## build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

clean:  ## remove the virtual environment and everything built; the workspace stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .coverage .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Brandswipe needs Python 3.11 or newer: make run PYTHON=/path/to/python3"; exit 2; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "Python's venv is missing: on Debian and Ubuntu, apt install python3-venv"; exit 2; }

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing Brandswipe and what it needs, pinned by constraints.txt ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing Brandswipe and what its tests need, pinned by constraints.txt ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.run
