# Everything runs in .venv, which is made from the lock files; the system's packages are not changed.
PYTHON ?= python3
BIN := .venv/bin
NPM = $(BIN)/npm --prefix tests/validators --no-audit --no-fund --ignore-scripts --loglevel=error
DEMO := .demo
# More workers than cores, since tests also wait for processes and time-outs.
PYTEST := $(BIN)/pytest -n $$(($$(nproc) + 3)) --dist=worksteal
# The workers of a run, and the commands and servers that tests start, read what one has compiled.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help demo quick test lint check bench drill texts lock clean

help:
	@echo "make demo    a suspended demo portal, served on http://127.0.0.1:8000"
	@echo "make quick   every test that is not slow"
	@echo "make test    every test"
	@echo "make lint    linters, types and import rules"
	@echo "make check   these, every test and the coverage gate"
	@echo "make bench   speed compared with rivals, into docs/performance.md"
	@echo "make drill   imports killed at 200 random moments on each engine; database servers killed and stopped"
	@echo "make texts   update the catalogues from the texts in the code"
	@echo "make lock    compile the lock files again"
	@echo "make clean   remove the environment, the demo and the stores of the bench"

# Every Python can make a venv without pip, Debian's included; pip then installs into it from outside.
.venv/runtime: requirements.lock pyproject.toml
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python .venv install --quiet --require-hashes -r requirements.lock
	$(PYTHON) -m pip --python .venv install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: .venv/runtime requirements-dev.lock tests/validators/package-lock.json tests/validators/requirements.lock
	@# The lock file is complete; of its overrides, see pyproject.toml, pip knows nothing.
	$(PYTHON) -m pip --python .venv install --quiet --no-deps --require-hashes -r requirements-dev.lock
	$(NPM) ci > /dev/null
	@# Programs of web archives need other versions than this project does.
	$(PYTHON) -m venv --without-pip tests/validators/.venv
	$(PYTHON) -m pip --python tests/validators/.venv install --quiet --require-hashes -r tests/validators/requirements.lock
	@touch $@

demo: .venv/runtime
	@$(BIN)/python -m demo $(DEMO)

quick: .venv/dev
	$(PYTEST) -m "not slow"

test: .venv/dev
	$(PYTEST)

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint
	$(PYTEST) --cov --cov-report=term

bench: .venv/dev
	$(BIN)/python -m bench

drill: .venv/dev
	$(BIN)/python -m drills.kill
	$(BIN)/python -m drills.replicas

# A new text is then untranslated in each catalogue; a test reports it.
texts: .venv/dev
	$(BIN)/pybabel -q extract -F pyproject.toml --omit-header --no-location --sort-output -o feeds/locale/feeds.pot feeds
	for po in feeds/locale/*.po; do \
		$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap \
			-i feeds/locale/feeds.pot -l $$(basename $$po .po) -o $$po; \
	done

# For running; for running with PostgreSQL; for tests, checks and measurements. The pins keep their extras: without them pip
# ignores a pin of a package that another package requires with an extra, and fails when a newer release is published.
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate
lock: .venv/dev
	$(COMPILE) --group build pyproject.toml -o requirements.lock
	$(COMPILE) -c requirements.lock --group build --extra postgresql pyproject.toml -o requirements-postgresql.lock
	$(COMPILE) -c requirements-postgresql.lock --group build --extra postgresql --group dev pyproject.toml \
		-o requirements-dev.lock
	$(COMPILE) tests/validators/requirements.in -o tests/validators/requirements.lock
	$(NPM) install --package-lock-only > /dev/null

clean:
	rm -rf .venv tests/validators/.venv tests/validators/node_modules $(DEMO) .bench
