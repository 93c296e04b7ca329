# The one door: `make help` lists what it does. Nothing is written outside .venv and .cache but the caches of pip, Go and ours
# (~/.cache/tenantry), and the kept cluster's ~/.local/state/tenantry; nothing needs root.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-cluster bench cluster-up cluster-down check lint types docs lock clean

# A name may be on PATH and still not answer, as a pyenv shim may; so the first that shows to be one of the lock's is taken.
PYTHONS := $(if $(PYTHON),"$(PYTHON)",python3.14 python3.13 python3.12 python3.11 python3)

# A process for each core, and each file in one of them, so that its tests share what takes long to make.
PYTEST := .venv/bin/python -m pytest -n auto --dist loadfile

# Both locks hold the same versions: all that development needs, and what an installation does (tools/install.py).
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --no-strip-extras --custom-compile-command 'make lock'

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

setup: .venv/ready ## put Python packages, this project and kustomize into .venv (PYTHON=... names the interpreter)

.venv/ready: requirements.lock pyproject.toml tools/setup.py tools/install.py $(wildcard tools/kustomize/*)
	@for python in $(PYTHONS); do \
	  if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then exec "$$python" -B -m tools.setup; fi; \
	done; \
	echo 'setup: no Python 3.11 to 3.14, which requirements.lock is for, answers to: $(PYTHONS). Install one, or name it: make setup PYTHON=/path/to/python' >&2; exit 1

demo: .venv/ready ## validate, generate, render and verify the companies of this repository, and say where to look
	@.venv/bin/python tools/demo.py

test: .venv/ready ## every test but the slow tiers (ARGS='-k name' goes to pytest)
	@$(PYTEST) -m 'not slow and not nightly and not cluster' $(ARGS)

test-slow: .venv/ready ## the tests that build with Go or Rust, or take more than two seconds
	@$(PYTEST) -m 'slow and not nightly' $(ARGS)

test-cluster: .venv/ready ## every claim on a real control plane and a real Argo CD
	@.venv/bin/python -m pytest -m 'cluster and not nightly' $(ARGS)

bench: .venv/ready ## what 10,000 companies cost beside other ways (half an hour, all else idle; ARGS='--tenants 300')
	@.venv/bin/python -m bench.scale $(ARGS)

cluster-up: .venv/ready ## keep a real control plane with Argo CD to try things by hand
	@.venv/bin/python -m tests.cluster up

cluster-down: .venv/ready ## end it
	@.venv/bin/python -m tests.cluster down

check: lint types ## lint, types, and that generated files and reference are current
	@.venv/bin/tenantry generate --check
	@.venv/bin/python tools/reference.py --check

lint: .venv/ready ## ruff: rules and format
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check

types: .venv/ready ## mypy, strict
	@.venv/bin/mypy

docs: .venv/ready ## write docs/reference from the code
	@.venv/bin/python tools/reference.py

lock: .venv/ready ## write both lock files after a change of the dependencies (ARGS=--upgrade takes newer versions)
	@$(COMPILE) --group dev --output-file requirements.lock $(ARGS) pyproject.toml
	@.venv/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	| $(COMPILE) --constraint requirements.lock --output-file install.lock pyproject.toml -

clean: ## remove what was made
	rm -rf .venv .cache dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
