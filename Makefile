# Every target is one line; `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
.PHONY: help setup demo serve test test-long check format bench screenshots docs lock calibrate layouts clean
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
.venv/ready: locks/dev.txt pyproject.toml scripts/setup.sh
	@PYTHON=$(PYTHON) sh scripts/setup.sh
setup: .venv/ready ## Install everything into .venv (no root needed)
demo: .venv/ready ## Build a workspace from synthetic logs, price it, publish it, serve the dashboards
	@$(BIN)/workbench demo demo-workspace
serve: .venv/ready ## Serve the dashboards of WORKSPACE (default: demo-workspace)
	@$(BIN)/workbench serve --workspace $(or $(WORKSPACE),demo-workspace)
test: .venv/ready ## Run the whole test suite, browser tests included
	@sh scripts/chromium.sh && $(BIN)/pytest -q -m "not long" -n auto --dist loadscope
test-long: .venv/ready ## Run the tests that take minutes
	@$(BIN)/pytest -q -m long
check: .venv/ready ## Format, lint, types, import contracts
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/pyright && $(BIN)/lint-imports
format: .venv/ready ## Format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .
bench: .venv/ready ## Measure the speed claims, side by side with their rivals
	@sh scripts/bench.sh
screenshots: .venv/ready ## Write every page at three widths in both themes to screenshots/
	@sh scripts/chromium.sh && $(BIN)/python tests/dashboards/screenshots.py
docs: .venv/ready ## Write docs/ from the code's own data dictionary
	@$(BIN)/python -m workbench.exports.dictionary docs/data-dictionary.md
lock: .venv/ready ## Resolve the dependencies again
	@sh scripts/lock.sh
calibrate: .venv/ready ## Refit the serving predictor from MEASURED=FILE, to OUT=DIR or data/reference
	@$(BIN)/python -m workbench.exports.hosting_calibrate $(MEASURED) $(if $(OUT),--out $(OUT))
layouts: .venv/ready ## Read the telephone layouts of every country from libphonenumber again
	@$(BIN)/python scripts/phone_layouts.py data/reference/phone_layouts.csv
clean: ## Remove what can be made again
	rm -rf .venv demo-workspace screenshots build dist .pytest_cache .ruff_cache .hypothesis
