# Every target sets up what it needs, and does nothing twice: the stamps below stand for a finished set-up.
PYTHON ?= python3.11
ifeq ($(shell command -v $(PYTHON) 2>/dev/null),)
PYTHON := python3
endif
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-strip-extras

# Where the machine's settings forbid bytecode, each command would compile its libraries anew: 10 of 19 CPU seconds of imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-browser lock run test test-all mutate screenshots dashboard dagster bench docs lint format contracts sample clean

help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/.runtime ## make .venv/ from the lock

.venv/.runtime: requirements-setup.txt requirements.txt pyproject.toml
	@echo "Setting up .venv (once, from the lock) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

setup-dev: .venv/.development

.venv/.development: .venv/.runtime requirements-dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $@

setup-browser: ## install the Debian packages that a browser test needs
	@command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core)

lock: setup ## resolve the newest allowed versions into the requirements files
	$(LOCK) --group setup --no-deps -o requirements-setup.txt
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) --group dev -c requirements.txt -o requirements-dev.txt

run: setup ## run the whole pipeline on the sample practice
	@$(BIN)/caregap run data_samples/practice

# A file stays with one process, for its fixtures; the longest folders come first, as their names happen to.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 20

test: setup-dev ## style and imports, then every test that fits in minutes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(PYTEST) -m "not slow and not browser" $(ARGS)

test-all: lint setup-browser ## every test, the slow and the browser ones too
	@$(PYTEST) -m "not browser" $(ARGS)
	@$(BIN)/python -m pytest -m browser --durations 20 $(ARGS)

mutate: setup-dev ## change chosen lines one by one, and name the changes that no test notices
	@$(BIN)/python -m tests.mutate $(ARGS)

screenshots: setup-dev setup-browser ## every page, light and dark, wide and tablet, into .caregap/screenshots
	@CAREGAP_SCREENSHOTS=$(CURDIR)/.caregap/screenshots $(BIN)/python -m pytest tests/browser/test_every_page.py -m browser $(ARGS)

dashboard: setup ## open the dashboards on what was published last
	@$(BIN)/caregap dashboard

dagster: setup ## open Dagster's page: the asset graph, the checks, the schedule
	@$(BIN)/caregap dagster

bench: setup-dev ## speed and memory, as ratios to a baseline of the same run
	@$(BIN)/python -m benchmarks $(ARGS)

docs: setup ## write the data dictionary and dbt's lineage pages
	@$(BIN)/caregap docs

contracts: setup ## write dbt's properties from the contracts in models/
	@$(BIN)/python -m pipelines.warehouse.dbt_properties

sample: setup ## simulate the committed sample practice again (same seed, same bytes)
	@$(BIN)/python -m data_samples.write_practice

lint: setup-dev ## ruff, sqlfluff, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/sqlfluff lint dbt_project --processes 2
	@$(BIN)/lint-imports

format: setup-dev
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

clean: ## forget everything that runs wrote (not what was delivered)
	rm -rf .caregap dbt_project/target dbt_project/logs
