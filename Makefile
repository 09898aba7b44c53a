# Two commands: `make run` and `make test`. Each does all the set-up it needs; a second call is quick.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ANSIBLE := .venv-ansible
DATA_DIR ?= .data

CONSOLE := app/master/static/console/index.html
CONSOLE_SOURCES := $(shell find frontend/src frontend/public -type f) $(wildcard frontend/*.*)

.PHONY: help setup ansible-setup console wheel run test bench screenshots lint types format lock audit clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

# The locks pin every package with its hash, so that each checkout gets the same ones.
$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(VENV)/.dev ## Install everything for development into .venv

$(ANSIBLE)/.installed: requirements/ansible.txt
	@test -x $(ANSIBLE)/bin/python || $(PYTHON) -m venv $(ANSIBLE)
	$(ANSIBLE)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/ansible.txt
	@touch $@

ansible-setup: $(ANSIBLE)/.installed ## Install Ansible and its collections into .venv-ansible, for the rollout to a fleet

frontend/node_modules/.installed: frontend/package-lock.json
	@tools/npm ci --no-fund --no-audit --loglevel=error
	@touch $@

$(CONSOLE): frontend/node_modules/.installed $(CONSOLE_SOURCES)
	@tools/npm run --silent build -- --logLevel warn
	@touch $@

console: $(CONSOLE) ## Build the web console

wheel: $(VENV)/.runtime $(CONSOLE) ## Build dist/*.whl, with the console inside
	@rm -rf dist
	$(BIN)/python -m pip wheel -qq --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	@ls dist/*.whl

run: $(VENV)/.runtime $(CONSOLE) ## Start the whole system on this machine and print its address
	@exec $(BIN)/yuanya up --data-dir $(DATA_DIR)

test: $(VENV)/.dev $(ANSIBLE)/.installed $(CONSOLE) ## Run all tests (as root on Debian or Ubuntu, installs the services they need)
	@tests/install-services
	@tools/npm run --silent test
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --max-worker-restart=0 $(PYTEST_ARGS)

bench: $(VENV)/.dev ## Run all benchmarks, in about 15 minutes, into bench/ (python -m loadtest --help for each)
	@tests/install-services
	$(BIN)/python -m loadtest bench

screenshots: $(VENV)/.dev $(CONSOLE) ## Take pictures of every page in both languages and themes, into screenshots/
	@tests/install-services
	$(BIN)/python -m tests.e2e.screenshots

lint: $(VENV)/.dev $(ANSIBLE)/.installed frontend/node_modules/.installed ## Check format, style, types, layers, the API's types, and the roles
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m app.master.openapi | diff -q - frontend/openapi.json || { echo "The API has changed: run make types" >&2; exit 1; }
	@tools/npm run --silent lint
	@cd ansible && export ANSIBLE_INVENTORY=inventory/example PATH="$(CURDIR)/$(ANSIBLE)/bin:$$PATH" && \
	  ansible-playbook --syntax-check site.yml && ansible-lint

types: $(VENV)/.dev frontend/node_modules/.installed ## Renew the console's types of the API
	$(BIN)/python -m app.master.openapi > frontend/openapi.json
	@tools/npm run --silent types

format: $(VENV)/.dev ## Format and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	@tools/npm run --silent format

lock: ## Renew the locks within the ranges of pyproject.toml
	tools/lock

audit: $(VENV)/.dev ## Ask whether versions in the locks have known vulnerabilities
	@$(BIN)/python tools/audit

clean: ## Remove what was installed and built, and caches, not the data
	rm -rf $(VENV) $(ANSIBLE) frontend/node_modules $(dir $(CONSOLE)) dist .mypy_cache .ruff_cache .hypothesis
