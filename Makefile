# Lotwatch: `make` lists what can be made. Needs Python 3.11 and make; everything else is set up here.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# other tools' habits that would double every start (no compiled files) or mix environments
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV

PYTHON ?= python3.11
UV := uv==0.13.9
PY := .venv/bin/python
DATA ?=

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 14
	@echo
	@echo "make demo DATA=FOLDER builds the trial world from a folder of real data."

demo: ## set up, run the main job from sync to sent orders, leave everything running
	@$(MAKE) --no-print-directory -j2 setup
	@$(PY) -m sandbox.demo $(if $(DATA),--data "$(DATA)")

test: ## set up and run all tests (BROWSER=0: without a browser; EXAMPLES=10: more random ones; TESTS=...: only these)
	@$(MAKE) --no-print-directory -j2 setup-dev
	@$(PY) -m pytest $(or $(TESTS),-n 3 --no-loadscope-reorder)

lint: setup-dev ## style, imports, SQL, types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m sqlfluff lint --disable-progress-bar --processes 2 include bench
	@$(PY) -m mypy
	@.venv/bin/lint-imports

bench: setup ## measure speed, as ratios within one run (ROWS=100000)
	@$(PY) -m bench $(if $(ROWS),--rows $(ROWS))

status: ## what is running, where, and who may log in
	@$(PY) -m lotwatch_local status

stop: ## stop everything that `make demo` started; the data stays
	@if [ -x $(PY) ]; then $(PY) -m lotwatch_local stop; else echo "Nothing is set up here."; fi

clean: stop ## stop, and remove the local data (keeps the environments and the cached ERP template)
	@if [ -x $(PY) ]; then $(PY) -m lotwatch_local clean; fi

distclean: clean ## clean, and remove the environments too
	@rm -rf .venv .venv-tryton data

# ---------------------------------------------------------------------------------------------------------------------
setup: .venv/ready .venv-tryton/ready
	@:
setup-dev: .venv/ready-dev .venv-tryton/ready
	@:

# both environments are made side by side (-j2)
.venv/ready: requirements.txt pyproject.toml
	@sh bootstrap.sh "$(PYTHON)" "$(UV)" .venv requirements.txt editable

.venv/ready-dev: .venv/ready requirements-dev.txt
	@sh bootstrap.sh "$(PYTHON)" "$(UV)" .venv requirements-dev.txt
	@touch $@

.venv-tryton/ready: sandbox/tryton/requirements.txt
	@sh bootstrap.sh "$(PYTHON)" "$(UV)" .venv-tryton sandbox/tryton/requirements.txt

reference: setup ## write docs/reference anew, from the running installation
	@mkdir -p docs/reference
	@$(PY) -m lotwatch_local run lotwatch facts reference > docs/reference/facts.md
	@$(PY) -m lotwatch_local run lotwatch rules reference > docs/reference/rules.md
	@$(PY) -m lotwatch_local run lotwatch rules reference --lang zh > docs/reference/rules.zh.md
	@$(PY) -m sandbox.portal.describe > docs/reference/portal-openapi.json

lock: ## compile the pinned requirements anew from pyproject.toml
	@$(PY) -m uv pip compile -q --no-annotate --python-version 3.11 --extra local --extra sandbox pyproject.toml -o requirements.txt
	@$(PY) -m uv pip compile -q --no-annotate --python-version 3.11 --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	@$(PY) -m uv pip compile -q --no-annotate --python-version 3.11 sandbox/tryton/requirements.in -o sandbox/tryton/requirements.txt

.PHONY: reference help demo test lint bench status stop clean distclean setup setup-dev lock
