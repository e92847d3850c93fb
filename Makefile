# `make demo` and `make test` do all the set-up a fresh machine needs, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TORCH := torch==2.13.0

.PHONY: demo test lint soak docs clean help

help:
	@echo "make demo   build the bundled model from text to card and let it talk (under six minutes on two cores)"
	@echo "make test   lint, types, floors and every test"
	@echo "make lint   lint, types and floors alone"
	@echo "make soak   kill the demonstration build at random moments, again and again"
	@echo "make docs   write docs/reference from the code"

$(READY): pyproject.toml
	@echo "==> Setting up $(VENV) with $$($(PYTHON) --version) (once; about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "    torch first, by its pin, so that no other package pulls in a larger build"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	@echo "    clairiere and its tools"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@$(BIN)/python -c "import torch, clairiere"
	@touch $(READY)

demo: $(READY)
	@BIN=$(BIN) sh examples/demo.sh

lint: $(READY)
	@echo "==> ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "==> mypy --strict"
	@$(BIN)/mypy
	@echo "==> import-linter"
	@$(BIN)/lint-imports --no-logo

test: lint
	@echo "==> pytest (real corpora: $${CLAIRIERE_DATA:-not set, their tests are skipped})"
	@$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

soak: $(READY)
	@$(BIN)/python benchmarks/soak_kill.py

docs: $(READY)
	@$(BIN)/python docs/generate_reference.py

clean:
	rm -rf $(VENV) workspaces
