# make demo   everything on the simulated archive: results/tables, results/figures, results/report.html
# make test   all tests
# make lint   ruff, mypy, snakefmt and snakemake --lint
# make docs   config/README.md from the configuration's schema
# make lock   requirements.lock from the current environment

PYTHON ?= python3
CORES  ?= 2
# TORCH=cpu installs PyTorch without CUDA (0.8 GB instead of 5.9 GB), for machines without a GPU.
TORCH  ?= default
# Trainings at a time. Each claims its own GPU; without a GPU, two with one thread each are fastest.
GPU    ?= 2

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.complete

.PHONY: help environment demo report test lint docs lock
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# make/make/p' Makefile

environment: $(STAMP)

# pip prefers 2.13.0+cpu from this index to 2.13.0 from PyPI; the lock allows both.
INDEX := $(if $(filter cpu,$(TORCH)),--extra-index-url https://download.pytorch.org/whl/cpu)

# Snakemake examines the waiting jobs less often (workflow/profiles/workstation says why).
RATE := --max-jobs-per-timespan 400/4s

# The package is installed in place (editable); its build needs only setuptools, which is in the lock.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; run make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(INDEX) --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: environment
	$(BIN)/snakemake --cores $(CORES) --resources gpu=$(GPU) $(RATE)
	@$(MAKE) --no-print-directory report
	@$(BIN)/calvingfront summary

# A second make looks at the results again, after the workflow has written them.
report: results/report.html

results/report.html: $(wildcard results/tables/* results/figures/* results/scenes.html results/dataset/leakage.html results/located.html)
	$(BIN)/snakemake --report $@

# The tests of the workflow run beside the others, each on one core; what they print comes last.
test: environment
	@echo "tests/unit, and tests/workflow beside them"; \
	$(BIN)/python -m pytest tests/workflow > workflow-tests.log 2>&1 & workflow=$$!; \
	trap "kill $$workflow" INT TERM; \
	$(BIN)/python -m pytest tests/unit; unit=$$?; \
	wait $$workflow; workflow=$$?; cat workflow-tests.log; \
	test $$unit = 0 -a $$workflow = 0

lint: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

docs: environment
	cp workflow/schemas/config.schema.yaml src/calvingfront/configuration/config.schema.yaml
	$(BIN)/python -m calvingfront.configuration.docs workflow/schemas/config.schema.yaml > config/README.md

lock:
	@{ sed -n '/^#/p' requirements.lock; \
	   $(BIN)/python -m pip freeze --all --exclude pip --exclude calvingfront | sed 's/+[a-z0-9]*$$//'; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock
