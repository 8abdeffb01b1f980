# Everything runs from .venv, which `install` makes and every other target makes when it is missing
# or older than the files that say what belongs in it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

.PHONY: install demo test check lint types bench reliability clean
.DEFAULT_GOAL := check

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "pricemon needs Python 3.11 or newer; name one with: make PYTHON=python3.13" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[local,dev]'
	@touch $(STAMP)

demo: $(STAMP)  ## the main job, on the embedded AWS
	$(BIN)/pricemon demo

test: $(STAMP)  ## every test but the long ones
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not reliability"

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

check: lint types test  ## the whole gate: exactly what CI runs

bench: $(STAMP)
	$(BIN)/python -m pytest -q -s tests/benchmarks -o 'norecursedirs=.*'

reliability: $(STAMP)  ## the long sweeps that `make test` samples
	$(BIN)/python -m pytest -m reliability

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
