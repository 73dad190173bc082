# Run `make` for the list of commands.
# Nothing but Python >= 3.11, make and (for the Terraform parts) terraform is expected of a machine:
# every command first makes the virtual environment that it needs.

SHELL := bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV    ?= .venv
SCAN    := .venv-scan
WORKERS ?= 2
PYTHON  ?=

BIN   := $(VENV)/bin
READY := $(VENV)/.ready

# A developer's own settings must not decide what the tests see.
unexport PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The first of these that really runs is taken; a version manager's shim may exist and still refuse.
CANDIDATES := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

.PHONY: help
help: ## List the commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  \033[1m%-15s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## Make the virtual environment with everything pinned
$(READY): requirements-dev.txt
	@python=; \
	for candidate in $(CANDIDATES); do \
	  if "$$candidate" -c '$(NEW_ENOUGH)' 2>/dev/null; then \
	    python=$$candidate; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11 or newer is needed and none of these is one: $(CANDIDATES)." >&2; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3.13 setup" >&2; exit 1; \
	fi; \
	$(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null || "$$python" -m venv --clear $(VENV) || { \
	  echo "$$python could not make a virtual environment; on Debian, install python3-venv." >&2; exit 1; }
	@# The list is complete, so nothing is left to resolve; `pip check` proves that it is.
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements-dev.txt
	$(BIN)/python -m pip check
	@touch $@

.PHONY: demo
demo: $(READY) ## Show the module at work: apply, a repair, a replacement, destroy, all on this machine
	PYTHONPATH=lambda $(BIN)/python -m tests.harness.demo

.PHONY: playground
playground: $(READY) ## Open a shell in an account full of certificates, all on this machine
	@PYTHONPATH=lambda:. $(BIN)/python -m tests.harness.playground

# Where the tests are; nothing below names their folders again.
UNIT        := tests/unit
TERRAFORM   := tests/terraform
STRESS      := tests/stress/faults tests/stress/fuzz tests/stress/mutation
INTEGRATION := tests/integration tests/embedded_aws_tests

# Every branch of these parts of the package is covered by the unit tests alone.
PACKAGE := certificate_lifecycle
PURE    := model parsing policy render

# Tests with the marker `nightly` run in `make nightly` only. `make integration QUICK=` runs them, too.
QUICK := -m 'not nightly'
# A worker takes any test: it has one embedded AWS, and resets it between tests.
SPREAD := -n $(WORKERS) --dist worksteal
# A worker runs whole files, because the tests of a file share what terraform has applied. There is
# one worker more than elsewhere, because an apply mostly waits.
BY_FILE := -n $(shell expr $(WORKERS) + 1) --dist loadfile --no-loadscope-reorder
# Two targets at a time: terraform, which is slowest, beside the others. The output of a target is
# printed when the target ends; an older make mixes the lines.
BESIDE := --no-print-directory --jobs 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.PHONY: test
test: $(READY) ## Run the tests that every change must pass (less than 8 minutes on two cores)
	$(MAKE) $(BESIDE) terraform unit-coverage integration seeds

# Releases of boto3 that a Lambda runtime or a layer may bring: what a run finds and may write depends
# on them. The command line also needs the pinned click and rich.
SDKS := 1.35 1.38 1.40 1.43 newest

.PHONY: sdk
sdk: $(READY) ## Make one environment for each release of boto3 that `make nightly` tries
	@cli=$$(grep -E '^(click|rich)==' requirements-dev.txt); \
	for sdk in $(SDKS); do \
	  folder=.venv-sdk-$$sdk; wanted=boto3; [ $$sdk = newest ] || wanted="boto3==$$sdk.*"; \
	  [ -x $$folder/bin/python ] || $(BIN)/python -m venv --clear $$folder || exit 1; \
	  if $$folder/bin/python -m pip install --quiet --upgrade --retries 1 --timeout 15 "$$wanted" $$cli; then \
	    $$folder/bin/python -m pip list 2>/dev/null | grep boto; \
	  elif [ -n "$$CI" ]; then \
	    echo "boto3 $$sdk could not be installed." >&2; exit 1; \
	  else \
	    echo "SKIPPED boto3 $$sdk: it could not be installed; is there a registry?"; \
	  fi; \
	done

.PHONY: nightly
nightly: export HYPOTHESIS_PROFILE := nightly
nightly: $(READY) sdk ## Run every test, with more examples, and require a total coverage of 95 %
	$(BIN)/pytest $(UNIT) $(INTEGRATION) $(SPREAD) --cov=$(PACKAGE) --cov-fail-under=95
	$(MAKE) --no-print-directory stress terraform QUICK=

.PHONY: unit unit-coverage
unit: $(READY) ## Run the unit tests: the fast loop
	$(BIN)/pytest $(UNIT) $(QUICK)
unit-coverage: $(READY) ## Run the unit tests; they alone must cover the pure packages completely
	$(BIN)/pytest $(UNIT) $(QUICK) $(SPREAD) $(addprefix --cov=$(PACKAGE).,$(PURE)) --cov-fail-under=100

.PHONY: integration
integration: $(READY) ## Run adapters, use cases, handlers and the embedded AWS itself
	$(BIN)/pytest $(INTEGRATION) $(QUICK) $(SPREAD)

.PHONY: seeds
seeds: $(READY) ## Repeat the faults and hostile inputs that once broke something
	$(BIN)/pytest $(STRESS) $(QUICK) $(SPREAD)

.PHONY: stress
stress: $(READY) ## Run a small share of `make faults`, `make fuzz` and `make mutation`
	$(BIN)/pytest $(STRESS) $(SPREAD)

.PHONY: terraform
terraform: $(READY) ## Run the real terraform against the embedded AWS
	$(BIN)/pytest $(TERRAFORM) $(QUICK) $(BY_FILE)

.PHONY: fuzz
FACTOR ?= 20
fuzz: $(READY) ## Try FACTOR times as many hostile inputs as `make nightly`, and write docs/reliability.md
	PYTHONPATH=lambda:. $(BIN)/python -m tests.stress.fuzz --factor $(FACTOR)

.PHONY: bench
bench: $(READY) ## Measure scans of 100 to 10,000 certificates and write docs/performance.md
	PYTHONPATH=lambda:. $(BIN)/python -m tests.benchmark

# Hashes are seeded, so that a set has the same order each time.
.PHONY: mutation
mutation: $(READY) ## Change each decision of the pure packages once, see that a test notices, write docs/mutation.md
	PYTHONHASHSEED=0 PYTHONPATH=lambda:. $(BIN)/python -m tests.stress.mutation --workers $(WORKERS)
	$(MAKE) --no-print-directory docs

# By its seed, each life of `make faults` can be shown again: LIFE=100042.
SEED ?= 1
RUNS ?= 2000
LIFE ?=

.PHONY: faults
faults: $(READY) ## Disturb 2,000 runs at random and write docs/reliability.md
	PYTHONPATH=lambda:. $(BIN)/python -m tests.stress.faults --seed $(SEED) --runs $(RUNS) \
	  --workers $(WORKERS) $(if $(LIFE),--life $(LIFE))

.PHONY: check
check: $(READY) ## Run what CI runs: format, lint, types, package, docs, scan and `make test` (9 minutes)
	$(MAKE) $(BESIDE) type scan fmt-check lint package-check docs-check
	$(MAKE) --no-print-directory test

.PHONY: fmt fmt-check
fmt: $(READY) ## Format Python and Terraform
	$(BIN)/ruff format
	$(call terraform-fmt)
fmt-check: $(READY) ## Fail if `make fmt` would change a file
	$(BIN)/ruff format --check
	$(call terraform-fmt,-check -diff)

# terraform warns on every command when this variable names a missing file; formatting needs no such file.
define terraform-fmt
	@if command -v terraform >/dev/null; then \
	  echo "terraform fmt $(1) -recursive"; env -u TF_CLI_CONFIG_FILE terraform fmt $(1) -recursive; \
	else \
	  echo "SKIPPED terraform fmt: terraform is not installed"; \
	fi
endef

.PHONY: lint
lint: $(READY) ## Lint the Python code
	$(BIN)/ruff check

.PHONY: type
type: $(READY) ## Check the types
	$(BIN)/mypy

# Everything checkov knows is in it: it asks nobody, and looks at no module that is not here.
CHECKOV := $(SCAN)/bin/checkov --directory . --framework terraform --skip-path tests --skip-path '\.venv' \
  --skip-download --download-external-modules false --compact --quiet

.PHONY: scan
scan: $(READY) ## Let checkov look at the Terraform files; what it installs, tests of policies use as well
	@if ! $(SCAN)/bin/python -c '$(NEW_ENOUGH)' 2>/dev/null; then $(BIN)/python -m venv --clear $(SCAN); fi
	@if [ $(SCAN)/.ready -nt tests/scan/requirements.txt ] || { \
	  $(SCAN)/bin/python -m pip install --quiet --no-deps --retries 1 --timeout 15 --requirement tests/scan/requirements.txt && \
	  $(SCAN)/bin/python -m pip check && touch $(SCAN)/.ready; }; then \
	  echo "checkov"; $(CHECKOV); \
	elif [ -n "$$CI" ]; then \
	  echo "The scanners could not be installed." >&2; exit 1; \
	else \
	  echo "SKIPPED scan: the scanners could not be installed; is there a registry?"; \
	fi

.PHONY: package package-check
package: $(READY) ## Build lambda/dist/certificate_lifecycle.zip from the sources
	$(BIN)/python lambda/build.py
package-check: $(READY) ## Fail if the committed zip is not what the sources give
	$(BIN)/python lambda/build.py --check

.PHONY: docs docs-check
docs: $(READY) ## Write the generated parts of the documentation
	PYTHONPATH=lambda:. $(BIN)/python docs/generate.py
docs-check: $(READY) ## Fail if `make docs` would change a file, or a link leads nowhere
	PYTHONPATH=lambda:. $(BIN)/python docs/generate.py --check

.PHONY: goldens
goldens: $(READY) ## Write the recorded messages, pages and screens in tests/data; review the difference
	PYTHONPATH=lambda:. $(BIN)/python -m tests.unit.render.goldens
	RECORD_SCREENS=1 $(BIN)/pytest -q tests/integration/test_cli_screens.py -k on_record

.PHONY: pictures
pictures: $(READY) ## Draw the pictures of the README, with Chromium
	PYTHONPATH=lambda:. $(BIN)/python -m tests.harness.pictures

.PHONY: clean
clean: ## Remove the virtual environment and every cache
	rm -rf $(VENV) $(SCAN) .venv-sdk-* .coverage .coverage.* .hypothesis .mutation .mypy_cache .pytest_cache .ruff_cache
	find . -type d \( -name __pycache__ -o -name .terraform \) -prune -exec rm -rf {} +
