# Clausetrail. `make` lists what it can do; the work is in .ci/*.sh and in `python -m compliance.embedded`.
# PYTHON=/path/to/python3.12 chooses the interpreter, WEB_PORT=9000 the port, CLAUSETRAIL_VAR=/path the place of the data.

PYTHON ?=
export PYTHON
# Compiled modules are kept: without them each process would compile Django, pandas and WeasyPrint anew.
unexport PYTHONDONTWRITEBYTECODE VIRTUAL_ENV
MAKEFLAGS += --no-print-directory
RUN = .venv/bin/python -m compliance.embedded

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo start stop restart status logs test lint format bench lock

help:  ## list these targets
	@echo "Clausetrail: audits of AI training pipelines against the terms they were bound to."
	@echo
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup:  ## make .venv with everything pinned, and install or name the system libraries; start nothing
	@.ci/setup.sh run

setup-dev:  ## the same, with what the tests and checks need
	@.ci/setup.sh dev

demo: setup  ## start everything, audit the two example pipelines, print where the PDFs lie and the address to open
	@$(RUN) demo

start: setup  ## start PostgreSQL, the broker, workers, beat and the web server; data are kept in var/
	@$(RUN) start

stop:  ## stop all that was started
	@if [ -x .venv/bin/python ]; then $(RUN) stop; else echo "nothing was ever started here"; fi

restart: setup  ## stop, then start
	@$(RUN) restart

status: setup  ## what runs
	@$(RUN) status

logs: setup  ## the last lines of the logs
	@$(RUN) logs

test:  ## lint, types, import contracts, migrations, all tests with a real browser
	@.ci/test.sh

lint: setup-dev  ## the checks without the tests
	@.ci/test.sh checks

format: setup-dev  ## format the code
	@.venv/bin/ruff check --fix --quiet; .venv/bin/ruff format

bench: setup-dev  ## measure, as ratios within one run
	@.venv/bin/python -m tests.benchmarks

lock: setup-dev  ## compile requirements*.in into requirements*.txt, with hashes
	@.ci/lock.sh
