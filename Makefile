# Needs python3 (3.11 or newer) with venv, and make. Everything else is fetched into this folder.
SHELL := /bin/sh
PYTHON ?= python3
STACK := $(PYTHON) -B -m stack
export UV_SYSTEM_CERTS ?= 1

.DEFAULT_GOAL := help
.PHONY: help run setup setup-dev status stop reset test test-fast check lint format types \
	architecture migrations openapi console api-client screenshots bench-gateway lock clean

help: ## what can be done here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start everything on this machine; Ctrl-C stops it
	@exec $(STACK) up --with-parent

setup: ## make the Python environment and build the console
	@$(STACK) setup
