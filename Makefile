# Everything runs in .venv, made from the lock files; the system's packages are never touched.
PYTHON ?= python3
BIN := .venv/bin
NPM = $(BIN)/npm --prefix tests/validators --no-audit --no-fund --ignore-scripts --loglevel=error
DEMO := .demo
.DEFAULT_GOAL := help
.PHONY: help demo test lint check bench drill texts lock clean

help:
	@echo "make demo    a suspended demo portal, served on http://127.0.0.1:8000"
	@echo "make test    every test"
	@echo "make lint    linters, types and import rules"
	@echo "make check   these, every test and the coverage gate"
	@echo "make bench   speed against named rivals, into docs/performance.md"
	@echo "make drill   imports killed at 200 random moments on each engine"
	@echo "make texts   bring the catalogues up to the texts in the code"
	@echo "make lock    compile the lock files anew"
	@echo "make clean   remove the environment, the demo and the stores of the bench"

# A venv without pip is made by every Python, Debian's included; pip then installs into it from outside.
.venv/runtime: requirements.lock pyproject.toml
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python .venv install --quiet --require-hashes -r requirements.lock
	$(PYTHON) -m pip --python .venv install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: .venv/runtime requirements-dev.lock tests/validators/package-lock.json
	$(PYTHON) -m pip --python .venv install --quiet --require-hashes -r requirements-dev.lock
	$(NPM) ci > /dev/null
	@touch $@

demo: .venv/runtime
	@$(BIN)/python -m demo $(DEMO)

test: .venv/dev
	$(BIN)/pytest -n 3

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint
	$(BIN)/pytest -n 3 --cov --cov-report=term

bench: .venv/dev
	$(BIN)/python -m bench

drill: .venv/dev
	$(BIN)/python -m drills.kill

# A new text is then untranslated in each catalogue, which a test tells.
texts: .venv/dev
	$(BIN)/pybabel -q extract -F pyproject.toml --omit-header --no-location --sort-output -o feeds/locale/feeds.pot feeds
	for po in feeds/locale/*.po; do \
		$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap \
			-i feeds/locale/feeds.pot -l $$(basename $$po .po) -o $$po; \
	done

# What runs; what runs with PostgreSQL; what tests, checks and measures. Extras stay in the pins: without them pip looks past
# a pin that another package asks for with an extra, and fails on the day a newer release comes out.
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate
lock: .venv/dev
	$(COMPILE) --group build pyproject.toml -o requirements.lock
	$(COMPILE) -c requirements.lock --group build --extra postgresql pyproject.toml -o requirements-postgresql.lock
	$(COMPILE) -c requirements-postgresql.lock --group build --extra postgresql --group dev pyproject.toml \
		-o requirements-dev.lock
	$(NPM) install --package-lock-only > /dev/null

clean:
	rm -rf .venv tests/validators/node_modules $(DEMO) .bench
