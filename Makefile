# Every target sets up what it needs, and does nothing twice: the stamps below stand for a finished set-up.
# The newest Python that serves. It is run, not only looked up: a shim of pyenv is there for versions that are not, and Debian's python3
# comes without ensurepip.
SERVES := import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	"$$name" -c '$(SERVES)' 2>/dev/null && { command -v "$$name"; break; }; done)
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras

# Where the machine's settings forbid bytecode, each command would compile its libraries anew: 10 of 19 CPU seconds of imports. So it is
# compiled at set-up, for whoever may not write it later, and dbt's project is parsed there too, which took the first run 12 seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help .venv-new setup setup-dev setup-browser setup-deploy setup-odoo setup-spark lock run test test-all test-spark mutate screenshots dashboard dagster bench sbom licences yanked vulnerable docs lint format contracts sample clean

help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/.runtime ## make .venv/ from the lock

.venv/.runtime: requirements-setup.txt requirements.txt pyproject.toml
	@$(BIN)/python -c '$(SERVES)' 2>/dev/null || $(MAKE) --no-print-directory .venv-new
	@echo "Setting up .venv (once, from the lock) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q pipelines models ml dashboards
	@$(BIN)/python -m pipelines.warehouse.dbt_project
	@touch $@

.venv-new:
	@test -n "$(PYTHON)" || { printf '%s\n' \
		"Caregap needs Python 3.11, 3.12 or 3.13 with its module venv. Install it, then run make again:" \
		"  Debian, Ubuntu   sudo apt install python3 python3-venv" \
		"  Fedora           sudo dnf install python3.13" \
		"  macOS            brew install python@3.13" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear .venv

setup-dev: .venv/.development

.venv/.development: .venv/.runtime requirements-dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $@

setup-browser: ## install the Debian packages that the slow tests need: Chromium, LibreOffice Calc
	@command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core)
	@command -v soffice >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends libreoffice-calc-nogui)

setup-deploy: ## install the Debian packages that the slow tests of deploy/ need: Caddy, nginx, systemd-analyze (starts servers where systemd runs)
	@command -v systemd-analyze >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends systemd)
	@command -v caddy >/dev/null && test -e /usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so || \
		(apt-get update -qq && apt-get install -y -qq --no-install-recommends caddy nginx-light libnginx-mod-http-headers-more-filter)

setup-odoo: setup-dev ## unpack an Odoo 19 for the slow tests, from Debian's archive (4 minutes, 700 MB)
	@$(BIN)/python -m tests.connect.odoo.install

setup-spark: .venv/spark/.installed ## install what Spark needs, apart: pyspark, dbt-spark, and Java from Debian

.venv/spark/.installed: .venv/.runtime requirements-spark.txt
	@command -v java >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --target .venv/spark --no-deps --no-build-isolation --require-hashes -r requirements-spark.txt
	@$(BIN)/python -m pipelines.warehouse.dbt_project --target spark
	@touch $@

lock: setup ## resolve the newest allowed versions into the requirements files
	$(LOCK) --group setup --no-deps -o requirements-setup.txt
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) --group dev -c requirements.txt -o requirements-dev.txt
	$(LOCK) --group spark --no-deps -c requirements-dev.txt -o requirements-spark.txt

run: setup ## run the whole pipeline on the sample practice
	@$(BIN)/caregap run data_samples/practice

# A file stays with one process, for its fixtures; tests/conftest.py has the order. Slow tests wait a third of their time, for servers,
# browsers, locks and processes that they kill: four share two cores.
PYTEST := $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder --durations 20

test: setup-dev ## style and imports, then every test that fits in minutes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(PYTEST) -n auto --maxprocesses 4 -m "not slow and not browser and not spark" $(ARGS)

test-all: lint setup-browser ## every test, the slow and the browser ones too
	@$(BIN)/python -m tests.connect.odoo.install || echo "The tests that need an Odoo are skipped."
	@$(PYTEST) -n 4 --hypothesis-profile search -m "not spark" $(ARGS)

test-spark: setup-dev setup-spark ## whether Spark resolves every model, and publishes what DuckDB does
	@$(BIN)/python -m pytest -m spark -n 0 --durations 5 $(ARGS)

mutate: setup-dev ## change chosen lines one by one, and name the changes that no test notices
	@$(BIN)/python -m tests.mutate $(ARGS)

screenshots: setup-dev setup-browser ## every page, wide, on a tablet and a telephone, into .caregap/screenshots
	@CAREGAP_SCREENSHOTS=$(CURDIR)/.caregap/screenshots $(BIN)/python -m pytest tests/browser/test_every_page_wide.py tests/browser/test_every_page_narrow.py -m browser $(ARGS)

dashboard: setup ## open the dashboards on what was published last (ARGS="--port 8600" for another port)
	@$(BIN)/caregap dashboard $(ARGS)

dagster: setup ## open Dagster's page: the asset graph, the checks, the schedule
	@$(BIN)/caregap dagster

bench: setup-dev ## speed and memory, as ratios to a baseline of the same run
	@$(BIN)/python -m benchmarks $(ARGS)

sbom: setup-dev ## write the software bill of materials (CycloneDX 1.6) to .caregap/sbom.cdx.json
	@$(BIN)/python -W ignore::DeprecationWarning -m deploy.supply_chain.sbom .caregap/sbom.cdx.json

licences: setup ## print every package that Caregap runs on, with its licence
	@$(BIN)/python -m deploy.supply_chain.licences

yanked: setup ## ask the package index whether a locked package was withdrawn
	@$(BIN)/python -m deploy.supply_chain.yanked

vulnerable: setup ## compare the locked packages with advisories: ADVISORIES=FILE (a folder or a zip of OSV records); asks nobody
	@$(BIN)/python -m deploy.supply_chain.vulnerable $(ADVISORIES)

docs: setup-dev ## write the guides as a site, the data dictionary and dbt's lineage pages into .caregap/docs
	@$(BIN)/caregap docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --config-file deploy/site/mkdocs.yml
	@echo "Written: .caregap/docs/site/index.html"

contracts: setup ## write dbt's properties from the contracts in models/
	@$(BIN)/python -m pipelines.warehouse.dbt_properties

sample: setup ## simulate the committed sample practice again (same seed, same bytes)
	@$(BIN)/python -m data_samples.write_practice

lint: setup-dev ## ruff, mypy, sqlfluff, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint dbt_project --processes 2

format: setup-dev
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

clean: ## forget everything that runs wrote (not what was delivered)
	rm -rf .caregap dbt_project/target dbt_project/logs
