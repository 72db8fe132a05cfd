# Everything runs in .venv, made from the lock files; the system's packages are never touched.
PYTHON ?= python3
BIN := .venv/bin
DEMO := .demo
.DEFAULT_GOAL := help
.PHONY: help demo test lint check lock clean

help:
	@echo "make demo    a suspended demo portal, served on http://127.0.0.1:8000"
	@echo "make test    every test"
	@echo "make lint    linters, types and import rules"
	@echo "make check   these, every test and the coverage gate"
	@echo "make lock    compile the lock files anew"
	@echo "make clean   remove the environment and the demo"

# A venv without pip is made by every Python, Debian's included; pip then installs into it from outside.
.venv/runtime: requirements.lock pyproject.toml
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python .venv install --quiet --require-hashes -r requirements.lock
	$(PYTHON) -m pip --python .venv install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: .venv/runtime requirements-dev.lock
	$(PYTHON) -m pip --python .venv install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

demo: .venv/runtime
	@$(BIN)/python -m demo $(DEMO)

test: .venv/dev
	$(BIN)/pytest

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint
	$(BIN)/pytest --cov --cov-report=term

lock: .venv/dev
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		-c requirements.lock --group build --group dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf .venv $(DEMO)
