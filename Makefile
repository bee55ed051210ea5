# make demo   everything on the simulated archive: results/tables, results/figures, results/report.html
# make test   all tests
# make lint   ruff, mypy, snakefmt and snakemake --lint
# make docs   config/README.md from the configuration's schema
# make lock   requirements.lock from the environment as it stands

PYTHON ?= python3
CORES  ?= 2
# Trainings at a time. Each claims a GPU of its own; without a GPU two of one thread each are quickest.
GPU    ?= 2

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.complete

.PHONY: help environment demo report test lint docs lock
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# make/make/p' Makefile

environment: $(STAMP)

# Snakemake looks at the waiting jobs less often (workflow/profiles/workstation says why).
RATE := --max-jobs-per-timespan 400/4s

# The package goes in as it lies here (editable); its build needs only setuptools, which the lock has.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; call make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: environment
	$(BIN)/snakemake --cores $(CORES) --resources gpu=$(GPU) $(RATE)
	@$(MAKE) --no-print-directory report

# A second make looks at the results anew, after the workflow has made them.
report: results/report.html

results/report.html: $(wildcard results/tables/* results/figures/* results/scenes.md results/dataset/leakage.md)
	$(BIN)/snakemake --report $@

test: environment
	$(BIN)/python -m pytest

lint: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

docs: environment
	$(BIN)/python -m calvingfront.configuration.docs workflow/schemas/config.schema.yaml > config/README.md

lock:
	@{ sed -n '/^#/p' requirements.lock; \
	   $(BIN)/python -m pip freeze --all --exclude pip --exclude calvingfront | sed 's/+[a-z0-9]*$$//'; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock
