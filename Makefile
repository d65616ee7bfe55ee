# Two commands matter: `make demo` and `make test`. `make help` lists the rest.

VENV := .venv
PY := $(VENV)/bin/python
INSTALL := -m pip install -qq --disable-pip-version-check --no-compile --no-deps
# Only the bytes that locks/ names. Wheels alone: what a setup.py needs to run would come unpinned.
LOCKED := $(INSTALL) --require-hashes --only-binary=:all:
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
PARSER := tests/conformance/node_modules/.package-lock.json
PAGES := tests/pages/node_modules/.package-lock.json
CHECKOV := build/checkov/bin/checkov
TOOLS := build/tools/.installed
PORT ?= 8787
# Tests that share a cloud run in an order drawn from this number, so that a failure can be had again
SEED ?= 1
# What `make faults` runs: all of it, or with ARGS and nothing named the media. Each prints a table, and what failed with its seed
FAULTS ?= hostile_media $(if $(ARGS),,simulation stack_faults)
STAGE ?= prod
ARCH ?= x86_64
REGION ?= eu-central-1
STATE_REGION ?= eu-central-1
TERRAFORM ?= terraform
# Of machines without a way to Terraform's registry: a folder that mirrors it
TF_INIT = -input=false $(if $(TF_PLUGIN_DIR),-plugin-dir=$(TF_PLUGIN_DIR))
TF_ROOT = build/terraform/$(STAGE)
PREFLIGHT = $(PY) -m infra.preflight --stage $(STAGE) --region $(REGION) --terraform $(TERRAFORM)

# Each candidate is really run: a version manager leaves shims on the path that only print an error.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$p"; break; }; done)

.PHONY: help demo up package lambda keys deploy destroy checkov layers setup conformance pages test lint typecheck unit integration e2e bench faults fuzz bench-abr abr-tables locks licences audit clean
.DEFAULT_GOAL := help

help: ## list what can be made
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 22

demo: ## upload a clip (or VIDEO=path) to the embedded cloud and say where it plays
	@$(if $(VIDEO),test -f "$(VIDEO)" || { echo "There is no file $(VIDEO)." >&2; exit 2; })
	@$(MAKE) --no-print-directory -j2 $(RUN) layers
	@exec $(PY) -m headwater demo --port $(PORT) $(if $(VIDEO),"$(VIDEO)")

up: $(RUN) layers ## start the embedded cloud alone (ARGS="--data DIR" keeps its state)
	@exec $(PY) -m headwater local up --port $(PORT) $(ARGS)

layers: $(VENV)/bin/python ## build the Lambda layers: FFmpeg and PyAV
	@$(PY) -m layers.ffmpeg.build
	@$(PY) -m layers.probe.build

package: $(RUN) ## make a Terraform root of code, layers, pages and infra/ (STAGE=prod ARCH=x86_64)
	@$(PY) -m infra.package --stage $(STAGE) --arch $(ARCH) --state-bucket "$(STATE_BUCKET)" --state-region $(STATE_REGION)

lambda: $(RUN) ## fetch Lambda's own Python, for `headwater local up --packaged`
	@$(PY) -m layers.runtime.build

keys: $(RUN) ## make a stage's keys in Secrets Manager (STAGE, REGION)
	@$(PY) -m infra.keys --stage $(STAGE) --region $(REGION)

deploy: ## package and apply to AWS, with your credentials (STAGE, REGION, STATE_BUCKET)
	@$(MAKE) --no-print-directory $(RUN)
	@$(PREFLIGHT) deploy --state-bucket "$(STATE_BUCKET)"
	@$(MAKE) --no-print-directory package keys
	@cd $(TF_ROOT) && $(TERRAFORM) init $(TF_INIT) && TF_VAR_region=$(REGION) $(TERRAFORM) apply

destroy: $(RUN) ## take an installation down again, with your credentials (STAGE, REGION); see docs/operations.md
	@$(PREFLIGHT) destroy
	@cd $(TF_ROOT) && $(TERRAFORM) init $(TF_INIT) && TF_VAR_region=$(REGION) $(TERRAFORM) destroy

checkov: $(CHECKOV) ## checkov over the Terraform; what it may not ask stands in infra/checkov.yaml
	@$(CHECKOV) -d infra --config-file infra/checkov.yaml

conformance: $(PARSER) ## install the playlist parser that the conformance tests read with (Node.js, npm)

pages: $(PAGES) ## install what checks the pages: TypeScript, axe (Node.js, npm)

setup: $(DEV) layers conformance pages ## make the environment with everything a developer needs

test: ## everything that CI runs
	@$(MAKE) --no-print-directory -j2 $(DEV) layers conformance pages
	@for part in lint unit integration e2e; do $(MAKE) --no-print-directory $$part || exit 1; done

lint: $(DEV) typecheck ## ruff, mypy, import-linter, TypeScript's checker
	@echo "== ruff"
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@echo "== mypy"
	@$(PY) -m mypy
	@MYPYPATH=.:tests:bench $(PY) -m mypy --explicit-package-bases --follow-imports=silent bench
	@echo "== import-linter"
	@$(VENV)/bin/lint-imports --no-logo

typecheck: $(PAGES) ## TypeScript's checker over the pages' modules
	@echo "== tsc"
	@tests/pages/node_modules/.bin/tsc -p tests/pages

unit: $(DEV) layers ## unit tests, and 500 simulated histories
	@echo "== unit tests"
	@$(PY) -m pytest -q -n auto --dist worksteal tests/unit tests/simulation

# Real processes and browsers on a busy machine can miss a moment: a second try is listed as such, what fails twice fails.
integration: $(DEV) layers conformance ## integration tests, on moto and real worker processes
	@echo "== integration tests"
	@$(PY) -m pytest -q -n auto --dist loadfile --reruns 1 --randomly-seed=$(SEED) tests/integration

e2e: $(DEV) layers pages ## the whole stack with real FFmpeg and a real browser (SEED=n: another order)
	@echo "== end-to-end tests"
	@HEADWATER_CHROMIUM="$$(tests/e2e/chromium.sh)" && export HEADWATER_CHROMIUM && $(PY) -m pytest -q --reruns 2 --randomly-seed=$(SEED) tests/e2e

bench: $(DEV) layers ## the benchmarks; each prints a table
	@HEADWATER_CHROMIUM="$$(tests/e2e/chromium.sh)" && export HEADWATER_CHROMIUM && \
	for bench in bench/bench_*.py; do echo "== $$bench"; $(PY) "$$bench" || exit 1; done

faults: $(DEV) layers conformance ## break media, simulated histories and a whole stack, thousands of times (FAULTS=one ARGS="its arguments")
	@for bench in $(FAULTS); do echo "== $$bench"; $(PY) bench/$$bench.py $(ARGS) || exit 1; done

fuzz: $(DEV) layers ## ask a whole stack whatever openapi.json allows and forbids (ARGS="--minutes 30 --seed N --role admin")
	@$(PY) bench/fuzz_contract.py $(ARGS)

bench-abr: $(DEV) ## the adaptive bitrate engine against the field (ARGS="--traces DIR")
	@$(PY) bench/bench_abr.py $(ARGS)

abr-tables: $(DEV) ## train the adaptive bitrate engine's tables (ARGS="--traces DIR", ARGS=--check)
	@$(PY) bench/train_abr.py $(ARGS)

# pip is Python's own. What a lock names already, the next one leaves out.
LOCK = build/tools/bin/uv pip compile -q --no-config --python $(PY) --universal --generate-hashes --only-binary=:all: \
	--custom-compile-command "make locks" --no-emit-package pip $(ARGS)

locks: $(TOOLS) ## write locks/ from requirements*.txt (ARGS=--upgrade: the newest of all that they pull in)
	@$(LOCK) --python-version 3.11 requirements.txt requirements-local.txt -o locks/run.txt
	@$(LOCK) --python-version 3.11 -c locks/run.txt requirements-dev.txt -o locks/dev.txt \
		$$(sed -n 's/^\([A-Za-z0-9._-]*\)==.*/--no-emit-package \1/p' locks/run.txt)
	@$(LOCK) --python-version 3.11.5 requirements-checkov.txt -o locks/checkov.txt
	@$(LOCK) --python-version 3.11 requirements-tools.txt -o locks/tools.txt
	@$(PY) -m layers.python.build --lock

licences: $(DEV) $(CHECKOV) $(TOOLS) layers ## hold the licence of everything that is installed or shipped to a list
	@$(PY) -m infra.supply.licences

audit: licences ## ask which holes are known in what the locks name (ARGS="--service osv"); ends with an error where nobody answers
	@$(PY) -m infra.supply.audit $(ARGS)

clean: ## remove everything that was made here
	rm -rf $(VENV) build tests/conformance/node_modules tests/pages/node_modules .headwater .chalice/deployments artifacts *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Headwater needs Python 3.11 or newer. Install it, or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "$(PYTHON) is not Python 3.11 or newer." >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || \
	{ echo "This Python cannot make environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "environment: making $(VENV) with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUN): locks/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "environment: installing what runs"
	@$(PY) $(LOCKED) -r locks/run.txt
	@$(PY) $(INSTALL) --no-build-isolation -e .
	@touch $@

$(DEV): locks/dev.txt $(RUN)
	@echo "environment: installing the quality gates"
	@$(PY) $(LOCKED) -r locks/dev.txt
	@touch $@

# Apart from the environment, because it wants an older boto3; only for who asks, because it is large.
$(CHECKOV): locks/checkov.txt | $(VENV)/bin/python
	@echo "environment: installing checkov"
	@rm -rf build/checkov && $(PY) -m venv build/checkov
	@build/checkov/bin/python $(LOCKED) -r locks/checkov.txt
	@touch $@

$(TOOLS): locks/tools.txt | $(VENV)/bin/python
	@echo "environment: installing uv and pip-audit"
	@rm -rf build/tools && $(PY) -m venv build/tools
	@build/tools/bin/python $(LOCKED) -r locks/tools.txt
	@touch $@

$(PARSER): tests/conformance/package.json tests/conformance/package-lock.json
	@tests/npm-install.sh conformance
	@touch $@

# After the parser, not beside it: either may have to install Node.js first.
$(PAGES): tests/pages/package.json tests/pages/package-lock.json | $(PARSER)
	@tests/npm-install.sh pages
	@touch $@
