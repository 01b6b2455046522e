# The one list of commands; CI calls the same ones. Needs Python 3.11 or later and make, nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
VENV_MLFLOW2 := .venv-mlflow2
VENV_BENCH := .venv-bench
BIN := $(VENV)/bin
PIP_FLAGS := --quiet --disable-pip-version-check
PYTEST_FLAGS ?= -n auto
# What neither MLflow nor databricks-sdk takes part in answers alike with all versions of them; isolated environments
# have an MLflow of their own.
WITHOUT_CLIENTS := databricks_runtimes drift environments services/model_serving/runtimes \
  $(addprefix services/,dbfs files iam jobs monitoring search secrets sql tracking unity_catalog workspace \
  workspace_model_registry)

.DEFAULT_GOAL := help
.PHONY: help demo test test-mlflow2 nightly coverage bench lint format types layers pages check clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/demo ## run the whole path, from a training run to a scored and logged request, as a story
	@$(BIN)/fakebricks demo

test: $(VENV)/dev ## run the test suite with MLflow 3
	$(BIN)/pytest $(PYTEST_FLAGS)

test-mlflow2: $(VENV_MLFLOW2)/dev ## run the tests in which clients take part with MLflow 2
	$(VENV_MLFLOW2)/bin/pytest $(PYTEST_FLAGS) $(WITHOUT_CLIENTS:%=--ignore=tests/%)

nightly: $(VENV)/dev ## compare with MLflow's own store over thousands of random sequences of calls
	$(BIN)/pytest $(PYTEST_FLAGS) tests/differential --hypothesis-profile=nightly

coverage: $(VENV)/dev ## run the test suite with branch coverage; fails below the floor
	$(BIN)/pytest $(PYTEST_FLAGS) --cov --cov-report=term:skip-covered

bench: $(VENV)/dev $(VENV_BENCH)/ready ## measure speed and memory beside what a user would pick instead
	@$(BIN)/python -m tests.benchmarks

pages: $(VENV)/dev ## make the generated pages of the documentation anew
	@$(BIN)/python tests/generated_pages.py

lint: $(VENV)/dev ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/dev ## put style and formatting right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/dev ## check types, strictly
	$(BIN)/mypy

layers: $(VENV)/dev ## check who imports whom
	$(BIN)/lint-imports

check: lint types layers test test-mlflow2 ## everything that CI runs

clean: ## remove environments and caches
	rm -rf $(VENV) $(VENV_MLFLOW2) $(VENV_BENCH) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment is made anew when pyproject.toml changes; `demo` needs fewer packages than `dev`.
$(VENV)/pip:
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install $(PIP_FLAGS) --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/demo: $(VENV)/pip pyproject.toml
	@echo "Installing fakebricks with MLflow, databricks-sdk and scikit-learn (a minute or so, once) ..."
	@$(BIN)/python -m pip install $(PIP_FLAGS) --editable '.[demo]' --group mlflow3
	@touch $@

$(VENV)/dev: $(VENV)/demo
	@echo "Installing the development tools ..."
	@$(BIN)/python -m pip install $(PIP_FLAGS) --editable '.[demo]' --group dev --group mlflow3
	@touch $@

$(VENV_MLFLOW2)/dev: pyproject.toml
	@echo "Making a virtual environment with MLflow 2 in $(VENV_MLFLOW2) ..."
	@$(PYTHON) -m venv $(VENV_MLFLOW2)
	@$(VENV_MLFLOW2)/bin/python -m pip install $(PIP_FLAGS) --upgrade 'pip>=25.1'
	@$(VENV_MLFLOW2)/bin/python -m pip install $(PIP_FLAGS) --editable '.[demo]' --group dev --group mlflow2
	@touch $@

$(VENV_BENCH)/ready: pyproject.toml
	@echo "Making a virtual environment with what is compared with ..."
	@$(PYTHON) -m venv $(VENV_BENCH)
	@$(VENV_BENCH)/bin/python -m pip install $(PIP_FLAGS) --upgrade 'pip>=25.1'
	@$(VENV_BENCH)/bin/python -m pip install $(PIP_FLAGS) --group bench
	@touch $@
