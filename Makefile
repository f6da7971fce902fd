# People and CI call the same recipes. Needs Python 3.11 or newer with venv, Rust, a C compiler and make.
PYTHON ?= python3
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types bench wheel lock clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

setup: ## make .venv ready (stamped: does nothing the second time)
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; try: make PYTHON=python3.12")'
	@$(PYTHON) scripts/setup.py

demo: setup ## answer questions about a folder of real documents, offline
	@.venv/bin/python scripts/demo.py

test: setup ## run every check and all tests
	@.venv/bin/python scripts/check.py test

lint: setup ## rustfmt, clippy, ruff, import layers
	@.venv/bin/python scripts/check.py lint

types: setup ## mypy --strict and the stub test
	@.venv/bin/python scripts/check.py types

bench: setup ## measure; results are explained in benchmarks/README.md
	@.venv/bin/python benchmarks/run.py

wheel: setup ## build all wheels into dist/
	@.venv/bin/python scripts/wheels.py

lock: ## resolve requirements.lock again (needs uv the first time; LOCK_ARGS=--upgrade for newer versions)
	@$(PYTHON) scripts/lock.py $(LOCK_ARGS)

clean: ## remove everything that the recipes made
	rm -rf .venv dist demo target .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis graphbit_core/_native*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
