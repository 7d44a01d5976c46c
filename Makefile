# What a person or CI does with a checkout. Each target brings the set-up it needs.

PYTHON_IN_VENV := .venv/bin/python
PIP_COMPILE := .venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# Two processes; a third made it slower. What belongs together is said in tests/conftest.py.
SIDE_BY_SIDE := --numprocesses 2 --dist loadscope --no-loadscope-reorder

# Most of what runs here starts Python many times: compiled modules are to be kept, whoever calls.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run setup test fast check check-python check-page format bench chaos requirements audit clean

# setpriv: should make be killed, what it started is told.
run:  ## set up what is missing, start everything, stay in the foreground
	@scripts/setup run
	@exec setpriv --pdeathsig TERM $(PYTHON_IN_VENV) -m scripts.run

setup:  ## all that run, check and test need
	@scripts/setup test

# pytest last, so that its closing line is what a reader sees.
test:  ## every test: the front end's, then everything else
	@scripts/setup test
	cd frontend && npm test
	$(PYTHON_IN_VENV) -m scripts.with_postgres $(PYTHON_IN_VENV) -m pytest $(SIDE_BY_SIDE) $(ARGS)

fast:  ## what takes no time: less than a minute in all
	@scripts/setup test
	$(PYTHON_IN_VENV) -m pytest -m "not slow" $(ARGS)

check:  ## formatting, lint and types, of both languages
	@scripts/setup check
	@$(MAKE) --no-print-directory --jobs 2 --output-sync check-python check-page

check-python:
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

check-page:
	cd frontend && npm run check

format:  ## what check would complain about and a program can repair
	@scripts/setup check
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

bench:  ## measure against the bare command
	@scripts/setup test
	$(PYTHON_IN_VENV) -m bench $(ARGS)

ROUNDS ?= 20
SEED ?= 1
chaos:  ## fifty sessions on a whole site while its parts are killed and cut off; needs root
	@scripts/setup test
	$(PYTHON_IN_VENV) -m tests.chaos --rounds $(ROUNDS) --seed $(SEED) $(ARGS)

requirements: export CUSTOM_COMPILE_COMMAND = make requirements
requirements:  ## pin every package, after a change of a requirements*.in
	$(PIP_COMPILE) --output-file requirements.txt requirements.in
	$(PIP_COMPILE) --constraint requirements.txt --output-file requirements-dev.txt requirements-dev.in

audit:  ## ask the advisory services about every pinned package; needs the internet
	@scripts/setup test
	$(PYTHON_IN_VENV) -m scripts.audit

clean:  ## remove what was built and installed here; var/, which holds data, stays
	rm -rf .venv frontend/node_modules frontend/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
