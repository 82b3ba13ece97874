# Two commands matter: `make demo` and `make test`. Both prepare the machine first; `make help` lists the rest.

PYTHON ?= python3
PORT ?= 8000
MINUTES ?= 3
RATE ?= 100
VENV_PYTHON = .venv/bin/python

.DEFAULT_GOAL = help
# Also when another make runs this one: what is printed is for people.
MAKEFLAGS += --no-print-directory
.PHONY: help setup demo up test test-brokers chaos bench bench-burst lint format clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /make \1\t/' | expand -t 18

setup: ## .venv with the locked packages; PYTHON=python3.12 chooses the interpreter
	@command -v $(PYTHON) >/dev/null || { echo "setup: $(PYTHON) is missing: install Python 3.11 or newer, or name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) console/bootstrap.py

demo: setup ## everything on this machine, with a sandbox shop, a real Tryton and orders; PORT=8000
	@$(VENV_PYTHON) manage.py up --demo --port $(PORT)

up: setup ## the same without the demo's partners and orders
	@$(VENV_PYTHON) manage.py up --port $(PORT)

test: setup ## every test but those of test-brokers, in two processes
	@$(VENV_PYTHON) -m pytest -n 2 -m "not brokers"

test-brokers: setup ## RabbitMQ and Redis of Debian's packages, stopped, flushed and restarted under load: three minutes
	@$(VENV_PYTHON) -m pytest -m brokers tests/brokers

chaos: setup ## everything as processes of its own, killed and cut off by a seed; SEED=7 MINUTES=3 RATE=100
	@$(VENV_PYTHON) -m tests.chaos $(if $(SEED),--seed $(SEED)) --minutes $(MINUTES) --rate $(RATE)

bench: setup ## messages a second and CPU ms a message on this machine; ROUNDS=3 W3=1000000
	@$(VENV_PYTHON) -m tests.bench.run --rounds $(or $(ROUNDS),3) $(if $(W3),--w3 $(W3))

bench-burst: setup ## one retailer's 100,000 webhooks at once, beside 19 others' five a second
	@$(VENV_PYTHON) -m tests.bench.burst

lint: setup ## style and layers
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .
	@.venv/bin/lint-imports

format: setup ## what a formatter can mend
	@$(VENV_PYTHON) -m ruff check --fix .
	@$(VENV_PYTHON) -m ruff format .

clean: ## remove .venv and caches; the data folder stays
	rm -rf .venv .cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
