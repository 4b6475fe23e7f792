# What a newcomer needs: make run, make demo, make test. All of them set themselves up.
SHELL := bash
.DEFAULT_GOAL := help
BIN := .venv/bin
RUN_EXTRAS := fast,plot,data,reports,samples,server
ALL_EXTRAS := all
WORKERS ?= 2
PORT_OFFSET ?= 0

.PHONY: help run demo test prove check lab embedding bench names metrics openapi clean setup-run setup-all

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup-run:
	@tools/setup.sh $(RUN_EXTRAS)

setup-all:
	@tools/setup.sh $(ALL_EXTRAS)

run: setup-run  ## the main job on real data, then nine engines until Ctrl-C (CHECK=1: one curl, then stop)
	@$(BIN)/python examples/did_i_make_money.py --serve --port-offset $(PORT_OFFSET) $(if $(CHECK),--check)

demo: setup-run  ## the same without servers
	@$(BIN)/python examples/did_i_make_money.py

test: setup-all  ## all tests, under 10 minutes on 2 cores
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

prove: setup-all  ## the same files at full counts
	@NAUTILUS_PROVE=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: setup-all  ## format, lint, types, import contracts
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-logo 2>&1 | tail -n 12; exit $${PIPESTATUS[0]}
	@$(BIN)/mypy

lab: setup-all  ## the notebooks in JupyterLab
	@$(BIN)/jupyter lab notebooks

embedding:  ## the indicators inside backtesting.py, backtrader, vectorbt, each in its own environment
	@tools/embedding.sh

bench: setup-all  ## ours and the peer in one run, as ratios
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

names: setup-all  ## write docs/names.md anew
	@$(BIN)/python -m nautilus.server.names > docs/names.md

metrics: setup-all  ## write docs/metrics.md anew
	@$(BIN)/python -m nautilus.server.metrics_page > docs/metrics.md

openapi: setup-all  ## write docs/openapi/*.json anew
	@$(BIN)/python -m nautilus.server.openapi docs/openapi

clean:  ## forget the virtual environment and all caches
	@rm -rf .venv .embedding build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
