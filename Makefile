# The targets a person needs; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR ?= .distributary

.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast bench bench-check bench-rebuild bench-scale check format constraints clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(VENV)/.installed ## a virtual environment with the pinned dependencies and the `distributary` command

$(VENV)/.installed: constraints.txt pyproject.toml
	@echo "setting up $(VENV) (about a minute, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

run: setup ## the pipeline on the embedded default, with the demo; Ctrl-C stops it
	@exec $(BIN)/distributary run --demo

test: setup ## every test this machine can run; those on real servers by fewer at once, for the servers work too
	$(BIN)/pytest -n 3 --dist worksteal -m 'not servers'
	$(BIN)/pytest -n 2 --dist worksteal -m servers

test-fast: setup ## the tests that need no server and no patience (under 60 s)
	$(BIN)/pytest -n 3 --dist worksteal --hypothesis-profile fast -m 'not slow and not servers'

bench: setup ## what is measured, as ratios within one run; then on real servers, which it starts (a quarter of an hour)
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks --servers

bench-check: setup ## the same; fails where a goal is missed
	$(BIN)/python -m benchmarks --check
	$(BIN)/python -m benchmarks --servers --check

bench-rebuild: setup ## a rebuild of a million events on real servers, against naive; then memory at ten million (half an hour)
	$(BIN)/python -m benchmarks.rebuild
	$(BIN)/python -m benchmarks.fold_memory

bench-scale: setup ## what a record costs as things grow, as tables; also in benchmarks/scale.json (minutes)
	$(BIN)/python -m benchmarks.scale

check: setup ## ruff, ruff format, mypy --strict, the dependency rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q -p no:randomly tests/unit/test_house_rules.py

format: setup ## let ruff mend what it can
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

constraints: setup ## resolve the dependencies again, with hashes; for the images, without what tests need
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --all-extras --upgrade pyproject.toml --output-file constraints.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --extra msk --constraint constraints.txt pyproject.toml --output-file deploy/requirements.txt

clean: ## remove the virtual environment and the default home
	rm -rf $(VENV) $(HOME_DIR)
