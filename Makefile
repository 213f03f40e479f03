# Two commands: `make demo` (set up and run the built-in example), `make test`. No root needed.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Every job is a process of its own: without cached bytecode (which container images like to switch
# off) each would compile its imports again, several seconds a job.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3.11
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
READY := $(VENV)/.ready
TORCH := torch==2.13.0
SNAKEMAKE := $(BIN)/snakemake --cores all --resources gpu=1

# Sizes of the batches of the experiment on users; users.tsv has rows for each.
BATCHES := 1 2 4

.PHONY: help setup setup-executors demo experiments test slurm-test lint format report bench load torture fuzz calibrate \
	clean distclean lock lock-executors

help: ## list the targets
	@grep -hE '^[a-z-]+%?:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(READY) ## create .venv with everything pinned, and a test certificate outside the repository

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Mythmeter needs Python 3.11: $(PYTHON) was not found. Set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# uv installs the lock about ten times faster than pip; where it is not on PATH, pip fetches it first.
# torch comes first and alone: uv does not read pip's find-links, which may hold a local CPU build.
$(READY): envs/requirements.lock envs/uv.lock envs/fix_torchaudio.py pyproject.toml | $(VENV)/bin/python
	if command -v uv >/dev/null; then uv=uv; else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r envs/uv.lock; \
		uv=$(BIN)/uv; fi; \
	export UV_FIND_LINKS="$${UV_FIND_LINKS:-$${PIP_FIND_LINKS:-}}" VIRTUAL_ENV=$(CURDIR)/$(VENV); \
	$$uv pip install --quiet $(TORCH); \
	$$uv pip install --quiet --no-deps --require-hashes -r envs/requirements.lock; \
	$$uv pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python envs/fix_torchaudio.py
	$(BIN)/mythmeter keys init
	touch $(READY)

# What Snakemake needs to send jobs elsewhere. Not in .venv: it imports every plugin that it finds each
# time it starts, which is once a job. PYTHONPATH=.executors/slurm (or cloud) makes one set visible.
setup-executors: .executors/slurm/.ready .executors/cloud/.ready ## install Snakemake's plugins for Slurm, Kubernetes, AWS Batch and S3 into .executors

.executors/%/.ready: envs/executors-%.lock | $(READY)
	rm -rf $(@D)
	export UV_FIND_LINKS="$${UV_FIND_LINKS:-$${PIP_FIND_LINKS:-}}" VIRTUAL_ENV=$(CURDIR)/$(VENV); \
	uv=$$(command -v uv || echo $(BIN)/uv); \
	$$uv pip install --quiet --no-deps --require-hashes --target $(@D) -r $<
	touch $@

slurm-test: .executors/slurm/.ready ## run the tests on a two-node Slurm with fake GPUs on this machine; root on Debian
	@bash tests/slurm/install.sh
	MYTHMETER_SLURM=1 $(BIN)/python -m pytest -m slurm $(addprefix tests/slurm/test_,sheet.py renders.py example.py)

demo: setup ## make the built-in example: results/renders/demo.mp4 and reports/report.html
	$(SNAKEMAKE)
	@echo "Render: results/renders/demo.mp4   Answers: reports/answers.html   Report: reports/report.html   Quality: reports/quality.html"

# Each call is one experiment, and one batch of it: nothing of another may run beside it. What is done once for a
# person and a target comes first, and is the built-in example's own.
EXPERIMENT = $(SNAKEMAKE) --configfile config/experiments/

# After the example: what compiles at its first use would be counted with the first render otherwise.
experiments: demo ## measure length, users, optimisations and training at small size, and answer from them
	$(EXPERIMENT)length.yaml -- measure_lengths
	for k in $(BATCHES); do $(EXPERIMENT)users.yaml -- results/experiments/users/$$k.parquet; done
	$(EXPERIMENT)users.yaml -- measure_users
	$(EXPERIMENT)ablation.yaml -- measure_ablation
	$(EXPERIMENT)training.yaml -- compare_swaps
	$(SNAKEMAKE)
	@echo "Answers: reports/answers.html   Training: reports/training.html   Tables (Parquet and CSV): results/experiments/"

test: setup ## run the tests
	$(BIN)/python -m pytest

lint: setup ## ruff, snakefmt, mypy, snakemake --lint, hadolint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/mypy --config-file benchmarks/mypy.ini benchmarks
	$(BIN)/snakemake --lint
	$(BIN)/hadolint Dockerfile

format: setup ## format Python and Snakemake files
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

report: setup ## write the page again, and Snakemake's own report of the run beside it
	$(SNAKEMAKE) --forcerun write_report -- all
	$(BIN)/snakemake --report reports/snakemake.html

BENCHMARKS := $(patsubst benchmarks/bench_%.py,bench-%,$(wildcard benchmarks/bench_*.py))

bench: $(BENCHMARKS) ## run every benchmark

bench-%: setup ## run one benchmark; its last line is one JSON object
	$(BIN)/python benchmarks/bench_$*.py

load: setup ## latency and throughput of the speech server against concurrency
	$(BIN)/python benchmarks/load.py $(LOAD)

torture: setup ## kill a tiny run 100 times at seeded moments and run it again (KILLS=, SEED=)
	$(BIN)/python benchmarks/torture.py --kills $(or $(KILLS),100) --seed $(or $(SEED),1)

calibrate: setup ## config/demand.json: what jobs ask of this machine, from the records of a run (RESULTS=)
	$(BIN)/mythmeter calibrate $(or $(RESULTS),results)

fuzz: setup ## mutated clips through ingest: FUZZ="--count 1000 --seed 1"; the last line is one JSON object
	PYTHONPATH=tests $(BIN)/python -m media_fuzz $(FUZZ)

clean: ## remove what the workflow made; keeps .venv and fetched files
	rm -rf results reports/*.html .snakemake

distclean: clean ## remove the environment and fetched files too
	rm -rf $(VENV) .executors resources .mypy_cache .ruff_cache .pytest_cache

lock: setup ## compile envs/requirements.lock again, without torch
	export UV_FIND_LINKS="$${UV_FIND_LINKS:-$${PIP_FIND_LINKS:-}}"; \
	uv=$$(command -v uv || echo $(BIN)/uv); \
	{ echo "# Compiled by 'make lock' from requirements.in and requirements-no-deps.in. Do not edit."; \
	  $$uv pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 --no-emit-package torch envs/requirements.in; \
	  $$uv pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 --no-deps envs/requirements-no-deps.in; \
	} > envs/requirements.lock.new
	mv envs/requirements.lock.new envs/requirements.lock

# Against the main lock, and only what it lacks. python-dateutil is the one package where they differ:
# botocore wants 2.
lock-executors: setup ## compile envs/executors-*.lock again
	export UV_FIND_LINKS="$${UV_FIND_LINKS:-$${PIP_FIND_LINKS:-}}"; \
	uv=$$(command -v uv || echo $(BIN)/uv); \
	grep -oE '^[A-Za-z0-9_.-]+==[^ ]+' envs/requirements.lock | grep -v '^python-dateutil==' > .executors.constraints; \
	for name in slurm cloud; do \
		{ echo "# Compiled by 'make lock-executors' from executors-$$name.in. Do not edit."; \
		  $$uv pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 --constraint .executors.constraints \
			$$(sed -E 's/==.*//; s/^/--no-emit-package /' .executors.constraints) envs/executors-$$name.in; \
		} > envs/executors-$$name.lock.new; \
		mv envs/executors-$$name.lock.new envs/executors-$$name.lock; \
	done; \
	rm .executors.constraints
