# make demo   the whole job on the bundled starter set        make check  format, lint, types, floors
# make test   installs what the tests need and runs them all   make bench  the figures, as ratios
# make soak   200 schedules of faults and kills against the harvest
# make eval   how often the appraisal is right, on labelled real records
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: help demo test check bench eval soak format clean
help:
	@sed -n 's/^# //p' Makefile

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; this is: $$($(PYTHON) --version). Name another: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing. On Debian: apt install python3-venv"; exit 1; }
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml
	@echo "Installing aggregator and the packages it needs …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/ready: $(VENV)/made pyproject.toml
	@echo "Installing aggregator and what its tests need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/installed

demo: $(VENV)/installed
	@echo "Running the whole job on the bundled starter set, offline, in a temporary library:"
	@$(BIN)/aggregator demo
	@echo "Done: a library was filled with the starter set, appraised, summarised and reported. Open the report named above in a browser."

test: $(VENV)/ready
	@echo "Running all tests. Those that need PostgreSQL or ../shared say so when they are skipped:"
	@$(BIN)/python -m pytest --cov --cov-report=term
	@echo "Done: the tests ran on SQLite, and on PostgreSQL where it was found; the table above shows what they cover."

check: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

eval: $(VENV)/ready
	@$(BIN)/python -m benchmarks.evaluating

bench: $(VENV)/ready
	@$(BIN)/python -m benchmarks

soak: $(VENV)/ready
	@$(BIN)/python -m tests.harvest.campaign --schedules $(or $(SCHEDULES),200)

clean:
	rm -rf $(VENV) build dist .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
